# SPDX-License-Identifier: MIT
"""The words of docs/benchmarks.md about the peers; all figures come from the results."""
import report

BEGIN, END = "<!-- written by benchmarks/peers/run.py -->", "<!-- end of what run.py writes -->"

GNUPLOT = """
set terminal svg size 1100,420 dynamic font "sans-serif,12" background rgb "white"
set output "{path}"
$data << EOD
{data}
EOD
set style data histogram
set style histogram clustered gap 1.5
set style fill solid 0.9 noborder
set datafile missing "?"
set logscale y
set format y "%g"
set yrange [0.5:*]
set ylabel "time of an EM map, {unit} = 1"
set grid ytics lc rgb "#dddddd"
set key outside right top
set border 3
set tics nomirror
set xtics scale 0
set xrange [-0.7:{rows}-0.3]
set key samplen 1.5
array title = [{title_list}]
array colour = [{colour_list}]
plot for [i=1:{count}] $data using (column(i + 1)):xtic(1) title title[i] lc rgb colour[i]
"""

# emblas in blues.
COLOURS = {"emblas-reference": "#b8cfe8", "emblas-blas": "#86aedb", "emblas": "#4a86c5", "numpy": "#bdbdbd",
           "sklearn": "#f2a33a", "armadillo": "#58a55c", "vlfeat": "#9ccc65", "opencv": "#c0392b",
           "mclust": "#8e5ea2", "mixtools": "#d7a9e3"}
OTHER_COLOUR = "#0b3c77"  # emblas with all threads

PROSE = """## Beside other programs

    python3 benchmarks/peers/run.py --docs

times emblas beside every mixture program that it finds on the machine, and the machine's own limit beside
it, and writes this section. On Debian: `apt-get install python3-sklearn libarmadillo-dev libvlfeat-dev
libopencv-dev r-cran-mclust r-cran-mixtools gnuplot-nox`; what is missing is left out. All start from the same
parameters, with every stop rule and regularisation off. Each program stays loaded with the data; the time of
a map is the difference of two runs that differ only in their number of maps, over that number; programs take
turns, and medians are given. Whoever has threads gets {threads}. `*`: fewer than five repetitions, because
each is long; `>`: so long that it was not repeated. After two maps the log-likelihoods must agree to {agree:g}
of themselves; where one does not, the program does something else than EM's map and is marked `~`.

`emblas` is its backend `auto` with neither acceleration nor compression: every map walks over every row. With
many components in one dimension it does so in the order of the values, so that a block of rows is out of reach
of components that could change no digit of its sums (docs/numerics.md); putting rows in order is done once and
cancels.
`numpy` is EM as one writes it with a textbook at hand, on n x k arrays, with the BLAS's threads.

```
{head}
```

The workloads:

```
{workloads}
```
"""

RUN = """### OpenBLAS's core type: {core_type}

`{blas}`; emblas's backend: `{backend}`

```
{times}
```

```
{ratios}
```

```
{limits}
```
"""

CORE_TYPES = """Core type `detected` is OpenBLAS's own choice, any other was set by `OPENBLAS_CORETYPE`, as some
machines do; where that core has no AVX-512, emblas runs its code for AVX2, `native-x86-64-v3`.
Log-likelihoods with one and the other agree to {agree:.0e}.
"""

LIMIT = """The limit of a map is the time of its exponentials and, in more than one dimension, of its two matrix
products, nothing else: n k exponentials of a vectorised exponential whose arguments lie in L1, and dgemm at
the shapes of the E step, (k x p)(p x b), and of the M step, (k x b)(b x p), p = 1 + d + d(d+1)/2 features or 1 +
2d for diagonal covariances, in the layout and with the block of b rows for which this BLAS is fastest. Each
thread has blocks of its own and the BLAS one thread. The limit has neither the features, nor the sums, nor
the maxima of the rows, nor any traffic beyond the cache. A program may pass it by kernels
that are faster than this BLAS on these shapes, or by doing less: components that are out of reach have no
exponentials.
"""

REMARKS = """What was not timed, or differs:

```
{lines}
```

VLFeat sets posteriors below 0.01/k to zero. mixtools takes variances about the old means; its fit in more
than one dimension walks over rows and pairs of components in R, and is left out.
"""

OPTIMUM = """### To the optimum

The time from a given start to within 1e-6 nats of the best log-likelihood that anyone reaches from there.
emblas runs with its defaults (accelerated, compressed, its own stop rule), and `its maps` counts all maps,
rejected ones too. The others run plain EM. They are told how many maps plain EM needs from that start (`plain
maps`, found by emblas without acceleration, which follows the same sequence) and do just as many with
their stop rules off: less than anybody would need who had to find out. `>=`: not there after {seconds:g} s; then
`projected` is maps times the time of a map. Last, the same programs with their own default stop rule (and
no regularisation), and how many nats below the best that leaves them. `short`: ended so many nats below the
best, in another optimum or because time was over. `tolerance`: emblas's default of 1e-7 would have ended below
the optimum that this one, the loosest power of ten, leads to.

```
{table}
```
{levels}"""

LEVELS = """
Programs that are not there after {seconds:g} s have come somewhere: the maps they do in that time, and how soon
emblas, with its defaults and {threads} threads, has the log-likelihood that EM has after so many.

```
{table}
```
"""

DENSITY = """### Densities, OpenBLAS core type {core_type}

Log densities under a given model, in full covariances: one row at a time, which is what trackers and simulations do, by
`emblas_model_log_density` and Armadillo's `log_p`; and many rows with their responsibilities, by `emblas_predict` and
scikit-learn's `predict_proba` and `score_samples`, memory for the results included. Medians, and the least.

```
{table}
```
"""


def section(results, picture):
    titles = results["titles"]
    first = results["runs"][0]
    sizes = report.grid(["workload", "n", "d", "k", "covariance", "what"],
                        [[r["name"], r["n"], r["d"], r["k"], r["covariance"], r["what"]] for r in first["workloads"]],
                        left=(0, 4, 5))
    head = "\n".join([f"{results['date']}, {results['machine']}, {results['processors']} processors",
                      *report.versions(results)])
    parts = [PROSE.format(threads=results["threads"], agree=report.AGREE, head=head, workloads=sizes)]
    if picture:
        parts.append("![Time of an EM map, relative to emblas](peers.svg)\n")
    for run in results["runs"]:
        parts.append(RUN.format(core_type=run["core_type"], blas=run["blas"],
                                backend=run.get("backend", "auto"), times=report.times_table(run, titles),
                                ratios=report.ratio_table(run, titles, results["threads"]),
                                limits=report.limit_table(run)))
        if run.get("densities"):
            parts.append(DENSITY.format(core_type=run["core_type"], table=report.density_table(run)))
    if len(results["runs"]) > 1:
        parts.append(CORE_TYPES.format(agree=report.core_types_agree(results)))
    parts.append(LIMIT)
    lines = report.differences(results)
    if lines:
        parts.append(REMARKS.format(lines="\n".join(lines)))
    if results.get("optimum"):
        levels = report.level_table(results)
        levels = LEVELS.format(seconds=results["seconds"], threads=results["threads"], table=levels) if levels else ""
        parts.append(OPTIMUM.format(seconds=results["seconds"], table=report.optimum_table(results), levels=levels))
    return "\n".join(parts)
