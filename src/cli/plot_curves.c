/* SPDX-License-Identifier: MIT */
/* Curves: a criterion over the sizes that were tried, and the course of one fit. */
#include "picture.h"
#include "plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const titles[EMBLAS_CRITERION_COUNT] = {"BIC", "AIC", "ICL"};

/* $curveC: size, criterion, whether flagged, of one covariance model. Returns how many there are. */
static size_t write_curve(FILE *script, const struct plot_criterion *plot,
                          enum emblas_covariance covariance) {
  size_t points = 0;
  fprintf(script, "$curve%d << END\n", (int)covariance);
  for (size_t i = 0; i < plot->search->table.count; i++) {
    const struct emblas_trial *trial = &plot->search->table.trials[i];
    if (trial->covariance != covariance || !trial->tried || trial->status != EMBLAS_OK) continue;
    fprintf(script, "%zu ", trial->components);
    plot_number(script, trial->criteria[plot->criterion]);
    fprintf(script, "%zu\n", trial->flagged);
    points++;
  }
  fputs("END\n", script);
  return points;
}

/* Curves of more models than there are colours are dashed, with squares. */
static void plot_curve(FILE *script, enum emblas_covariance covariance) {
  int c = (int)covariance, dashed = c >= PLOT_LEGEND;
  unsigned colour = plot_colour((size_t)covariance);
  char line[64], point[16];
  snprintf(line, sizeof line, "linewidth 1.6 dashtype %d linecolor rgb '#%06x'", dashed ? 2 : 1, colour);
  snprintf(point, sizeof point, "pointtype %d", dashed ? 5 : 7);
  fprintf(script,
          "$curve%d using 1:2 with lines %s notitle, \\\n  "
          "$curve%d using 1:2 with points %s pointsize 0.9 linecolor rgb '#%06x' notitle, \\\n  "
          "$curve%d using ($3 > 0 ? $1 : NaN):2 with points %s pointsize 0.5 linecolor rgb '#ffffff' "
          "notitle, \\\n  "
          "keyentry with linespoints %s %s title '%s', \\\n  ",
          c, line, c, point, colour, c, point, point, line, emblas_covariance_string(covariance));
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The largest value that is drawn: models far behind, as one component often is, would leave the others no
   room. Half of the values lie in the lower part of the picture; what is above the upper end is cut off. */
static double most_drawn(const struct plot_criterion *plot) {
  static const double PART = 0.4;
  const struct emblas_selection *table = &plot->search->table;
  double *values = allocate(table->count, sizeof *values);
  size_t count = 0;
  for (size_t i = 0; i < table->count; i++)
    if (table->trials[i].tried && table->trials[i].status == EMBLAS_OK)
      values[count++] = table->trials[i].criteria[plot->criterion];
  qsort(values, count, sizeof *values, ascending);
  double least = values[0], most = fmin(least + (values[count / 2] - least) / PART, values[count - 1]);
  free(values);
  return most > least ? most : least + 1;
}

enum { FEW_CURVES = 5 };

static size_t count_curves(const struct search *search) {
  int seen[EMBLAS_COVARIANCE_COUNT] = {0};
  size_t count = 0;
  for (size_t i = 0; i < search->table.count; i++) count += seen[search->table.trials[i].covariance]++ == 0;
  return count;
}

void plot_criterion(FILE *script, const void *context) {
  const struct plot_criterion *plot = context;
  const struct search *search = plot->search;
  const struct emblas_trial *best = best_trial(search);
  const struct emblas_trial *first = &search->table.trials[0], *last = first + search->table.count - 1;
  char *title = print_string("%s by number of components: the smallest is %zu, %s", titles[plot->criterion],
                             best->components, components_name(best->family, best->covariance));
  size_t flagged = 0;
  for (size_t i = 0; i < search->table.count; i++) flagged += search->table.trials[i].flagged;
  plot_begin(script, title, flagged ? "hollow: with an empty or collapsed component" : "");
  int many = count_curves(search) > FEW_CURVES; /* their names stand beside the picture, else above it */
  plot_place(script, many ? (struct box){0.13, 0.8, 0.115, 0.9} : (struct box){0.13, 0.97, 0.115, 0.865});
  fprintf(
      script,
      "set xrange [%g:%g]\nset xtics %g\nset format y '%%.10g'\nset offsets 0, 0, graph 0.05, graph 0.05\n"
      "set yrange [*:%.17g]\n",
      (double)first->components - 0.5, (double)last->components + 0.5,
      ceil((double)(last->components - first->components + 1) / 15), most_drawn(plot));
  fprintf(script, "set xlabel 'components'\nset ylabel '%s'\n", titles[plot->criterion]);
  fputs(many
            ? "set key at screen 0.815, 0.9 left top vertical Left reverse samplen 1.5 width 1 font ',11'\n"
            : "set key at screen 0.1, 0.935 left top horizontal Left reverse samplen 1.5 width 1 font "
              "',11'\n",
        script);
  int drawn[EMBLAS_COVARIANCE_COUNT];
  for (int c = 0; c < EMBLAS_COVARIANCE_COUNT; c++)
    drawn[c] = write_curve(script, plot, (enum emblas_covariance)c) > 0;
  fputs("plot ", script);
  for (int c = 0; c < EMBLAS_COVARIANCE_COUNT; c++) {
    if (drawn[c]) plot_curve(script, (enum emblas_covariance)c);
  }
  fprintf(script,
          "'+' using (%zu):(%.17g) every ::0::0 with points pointtype 6 pointsize 2.2 linewidth 1.6 "
          "linecolor rgb '#222222' notitle\n",
          best->components, best->criteria[plot->criterion]);
  plot_end(script);
  free(title);
}

/* $trace: iteration, log-likelihood, what was still to gain. Returns the largest gain. */
static double write_trace(FILE *script, const struct emblas_report *report, struct axis *axis) {
  const struct emblas_em_point *trace = report->trace;
  double last = trace[report->trace_length - 1].loglik, most = 0;
  *axis = (struct axis){last, last};
  fputs("$trace << END\n", script);
  for (size_t i = 0; i < report->trace_length; i++) {
    fprintf(script, "%zu ", trace[i].iteration);
    plot_number(script, trace[i].loglik);
    plot_number(script, last - trace[i].loglik);
    fputc('\n', script);
    most = fmax(most, last - trace[i].loglik);
    axis->low = fmin(axis->low, trace[i].loglik);
    axis->high = fmax(axis->high, trace[i].loglik);
  }
  fputs("END\n", script);
  double pad = axis->high > axis->low ? 0.06 * (axis->high - axis->low) : fmax(1e-6 * fabs(last), 1e-6);
  axis->low -= pad;
  axis->high += pad;
  return most;
}

static void plot_line(FILE *script, const char *what) {
  fprintf(script,
          "plot $trace using 1:%s with lines linewidth 1.8 linecolor rgb '#%06x' notitle, \\\n"
          "  $trace using 1:%s with points pointtype 7 pointsize 0.5 linecolor rgb '#%06x' notitle\n",
          what, plot_colour(0), what, plot_colour(0));
}

/* Above, the log-likelihood; below, what was still to gain, where the last steps can be seen. */
void plot_trace(FILE *script, const void *context) {
  const struct emblas_report *report = context;
  struct axis loglik, iterations = {0, fmax(1, (double)report->iterations)};
  char *title = print_string("Log-likelihood by iteration: %s after %zu",
                             emblas_stop_reason_string(report->stop), report->iterations);
  plot_begin(script, title, "");
  int gained = write_trace(script, report, &loglik) > 0;
  plot_place(script, (struct box){0.2, 0.97, gained ? 0.54 : 0.115, 0.9});
  plot_axis(script, 'x', iterations, iterations.high < 8 ? (int)iterations.high : 8);
  plot_axis(script, 'y', loglik, 5);
  fprintf(script, "set ylabel 'log-likelihood'\nset %s\n", gained ? "format x ''" : "xlabel 'iteration'");
  plot_line(script, "2");
  if (gained) {
    plot_place(script, (struct box){0.2, 0.97, 0.115, 0.48});
    fputs("unset label\nset format x '%g'\nset xlabel 'iteration'\nset ylabel 'still to gain'\n"
          "set yrange [*:*]\nset logscale y\nset ytics autofreq\nset format y '%.0e'\n",
          script);
    plot_line(script, "($3 > 0 ? $3 : NaN)");
  }
  plot_end(script);
  free(title);
}
