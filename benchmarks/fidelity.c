/* SPDX-License-Identifier: MIT */
/* Does an accelerated fit end where plain EM ends from the same start, and in how many maps? Problems are
   drawn (draw.h): a set of data/ or a generated mixture, a number of components, a covariance, and a start
   from labels, a model, k-means++ or at random. Plain EM goes on to a tolerance of 1e-10, and both ends are
   carried on to the last digits. They are the same when every weight, mean and covariance of every
   component agrees within 1e-3 of its deviation, in the same order; or, where the likelihood is so flat
   that its digits cannot tell more, within 0.05 at equal log-likelihoods. Where they differ, plain EM runs
   again with the sums of the reference backend: if its own end is another then, its roundings choose it,
   and the problem is left out.

     EMBLAS_BENCH_PROBLEMS  how many problems, default 3200
     EMBLAS_BENCH_SEED      of the first one, default 2000001; rules were tuned on 1 to 5000 and on
                            5000001 to 6003200
     EMBLAS_BENCH_COVARIANCES  how many covariance models problems are drawn from, in the order of
                            emblas_covariance; default 4, 14 is all */
#include "bench.h"
#include "draw.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROBLEMS = 3200, FIRST_SEED = 2000001, MOST_MAPS = 20000, POLISH_MAPS = 3000, MANY = 100 };
static const double SAME = 1e-3, FLAT = 0.05, EQUAL = 1e-9;

struct end {
  struct emblas_model *model; /* NULL: there is none */
  double loglik;
  size_t maps;
  bool converged;
};

static struct end fit(const struct problem *p, struct emblas_options options) {
  struct emblas_data data;
  struct emblas_report report;
  struct end end = {0};
  emblas_data_init(&data, sizeof data);
  emblas_report_init(&report, sizeof report);
  data.values = p->rows.x, data.rows = p->rows.n, data.columns = p->rows.d;
  if (emblas_fit(&data, &options, &end.model, &report) == EMBLAS_OK) {
    end.loglik = report.loglik, end.maps = report.maps;
    end.converged = report.stop == EMBLAS_CONVERGED;
  }
  emblas_report_clear(&report);
  return end;
}

/* The end moves on from where it is; its maps stay what they were. */
static void carry_on(const struct problem *p, struct end *end, enum emblas_acceleration accelerate,
                     double tolerance, size_t maps) {
  struct emblas_options options = problem_options(p);
  options.start = EMBLAS_START_MODEL, options.model = end->model;
  options.accelerate = accelerate, options.tolerance = tolerance, options.max_iterations = maps;
  struct end further = fit(p, options);
  if (further.model == NULL) return;
  emblas_model_free(end->model);
  end->model = further.model, end->loglik = further.loglik;
}

static struct end run(const struct problem *p, enum emblas_acceleration accelerate,
                      const struct emblas_backend *backend) {
  struct emblas_options options = problem_options(p);
  options.accelerate = accelerate, options.backend = backend;
  options.max_iterations = bench_smoke() ? 200 : MOST_MAPS;
  struct end end = fit(p, options);
  if (!end.converged) return end;
  if (accelerate == EMBLAS_ACCELERATE_NONE) carry_on(p, &end, accelerate, 1e-10, MOST_MAPS);
  carry_on(p, &end, EMBLAS_ACCELERATE_AUTO, 1e-12, POLISH_MAPS);
  return end;
}

/* The largest difference of two models, in deviations of the first one's components. */
static double difference(const struct emblas_model *a, const struct emblas_model *b) {
  size_t k = emblas_model_components(a), d = emblas_model_dim(a);
  double *s = need(d * d, sizeof *s), *t = need(d * d, sizeof *t), most = 0;
  for (size_t c = 0; c < k; c++) {
    most = fmax(most, fabs(emblas_model_weights(a)[c] - emblas_model_weights(b)[c]));
    emblas_model_covariance(a, c, s);
    emblas_model_covariance(b, c, t);
    for (size_t i = 0; i < d; i++) {
      double shift = emblas_model_means(a)[c * d + i] - emblas_model_means(b)[c * d + i];
      most = fmax(most, fabs(shift) / sqrt(s[i * d + i]));
      for (size_t j = 0; j <= i; j++)
        most = fmax(most, fabs(s[i * d + j] - t[i * d + j]) / (2 * sqrt(s[i * d + i] * s[j * d + j])));
    }
  }
  free(s), free(t);
  return most;
}

static bool same_end(const struct end *a, const struct end *b) {
  if (!a->converged || !b->converged) return false;
  double apart = difference(a->model, b->model);
  return apart <= SAME || (apart <= FLAT && fabs(a->loglik - b->loglik) < EQUAL);
}

/* Does plain EM end there whatever the order of its sums? */
static bool certain(const struct problem *p, const struct end *plain) {
  struct end again = run(p, EMBLAS_ACCELERATE_NONE, emblas_backend_find("reference"));
  bool same = same_end(plain, &again);
  emblas_model_free(again.model);
  return same;
}

/* ------------------------------------------------------------------ the table */

struct outcome {
  enum emblas_covariance covariance;
  enum start_kind start;
  size_t k, plain;
  double separation, ratio; /* maps of plain EM over those of auto */
  bool same, higher;        /* the same end; another one, of higher likelihood */
};

struct outcomes {
  size_t covariances;               /* models that problems are drawn from */
  size_t count, endless, uncertain; /* problems that plain EM does not end in MOST_MAPS, or not surely */
  struct outcome *of;
  double *ratios; /* room */
};

typedef bool member(const struct outcome *o, size_t group);

static bool by_covariance(const struct outcome *o, size_t group) {
  return (size_t)o->covariance == group && o->start != FROM_RANDOM;
}
static bool by_components(const struct outcome *o, size_t group) {
  static const size_t least[] = {2, 4, 7, 10, SIZE_MAX};
  return o->k >= least[group] && o->k < least[group + 1] && o->start != FROM_RANDOM;
}
static bool by_separation(const struct outcome *o, size_t group) {
  bool in =
      group == 0 ? o->separation == 0 : o->separation >= (double)group && o->separation < (double)group + 1;
  return in && o->start != FROM_RANDOM;
}
static bool by_start(const struct outcome *o, size_t group) {
  return (size_t)o->start == group;
}
static bool all_but_random(const struct outcome *o, size_t group) {
  (void)group;
  return o->start != FROM_RANDOM;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The median ratio of those of the group that plain EM takes so many maps for; NAN when there are none. */
static double median_ratio(struct outcomes *o, member *belongs, size_t group, size_t least_maps,
                           size_t *count) {
  *count = 0;
  for (size_t i = 0; i < o->count; i++)
    if (belongs(&o->of[i], group) && o->of[i].plain >= least_maps) o->ratios[(*count)++] = o->of[i].ratio;
  qsort(o->ratios, *count, sizeof *o->ratios, ascending);
  return *count ? (o->ratios[(*count - 1) / 2] + o->ratios[*count / 2]) / 2 : NAN;
}

static void print_group(struct bench *bench, struct outcomes *o, const char *name, member *belongs,
                        size_t group) {
  size_t count, slow, same = 0, higher = 0;
  double ratio = median_ratio(o, belongs, group, 0, &count);
  double slow_ratio = median_ratio(o, belongs, group, MANY, &slow);
  for (size_t i = 0; i < o->count; i++)
    if (belongs(&o->of[i], group)) same += o->of[i].same, higher += o->of[i].higher;
  double percent = 100.0 * (double)same / (double)count;
  printf("%-26s %8zu %8.2f %8zu %8.2f %8zu %8.2f\n", name, count, percent, higher, ratio, slow, slow_ratio);
  struct json_object *row = json_object_new_object();
  json_object_object_add(row, "name", json_object_new_string(name));
  json_object_object_add(row, "problems", json_object_new_uint64(count));
  json_object_object_add(row, "same_percent", json_object_new_double(count ? percent : 0));
  json_object_object_add(row, "median_ratio", json_object_new_double(count ? ratio : 0));
  json_object_object_add(row, "median_ratio_slow", json_object_new_double(slow ? slow_ratio : 0));
  json_object_array_add(bench->rows, row);
}

static void print_table(struct bench *bench, struct outcomes *o) {
  static const char *const components[] = {"2 to 3 components", "4 to 6", "7 to 9", "10 to 12"},
                           *const separations[] = {"sets of data", "overlap 1 to 2", "2 to 3", "3 to 4"},
                           *const starts[] = {"labels", "a model", "k-means++",
                                              "random (not in the above)"};
  printf("%-26s %8s %8s %8s %8s %8s %8s\n", "starts but random ones", "problems", "same, %", "higher",
         "ratio", ">= 100", "ratio");
  print_group(bench, o, "all", all_but_random, 0);
  for (size_t g = 0; g < o->covariances; g++)
    print_group(bench, o, emblas_covariance_string((enum emblas_covariance)g), by_covariance, g);
  for (size_t g = 0; g < 4; g++) print_group(bench, o, components[g], by_components, g);
  for (size_t g = 0; g < 4; g++) print_group(bench, o, separations[g], by_separation, g);
  for (size_t g = 0; g < START_KINDS; g++) print_group(bench, o, starts[g], by_start, g);
  printf("\nLeft out: %zu more problems that plain EM does not end in %d maps, and %zu where\n"
         "the two ends differ and plain EM's own is another with the reference backend.\n",
         o->endless, MOST_MAPS, o->uncertain);
}

static void solve(uint64_t seed, struct outcomes *o) {
  struct problem p = problem_draw(seed, o->covariances);
  struct end plain = run(&p, EMBLAS_ACCELERATE_NONE, NULL), ours = {0};
  if (plain.converged) {
    ours = run(&p, EMBLAS_ACCELERATE_AUTO, NULL);
    bool same = same_end(&plain, &ours);
    if (same || p.start == FROM_RANDOM || certain(&p, &plain))
      o->of[o->count++] = (struct outcome){p.covariance, p.start,
                                           p.k,          plain.maps,
                                           p.separation, (double)plain.maps / (double)ours.maps,
                                           same,         !same && ours.loglik > plain.loglik + EQUAL};
    else
      o->uncertain++;
  } else {
    o->endless++;
  }
  emblas_model_free(plain.model);
  emblas_model_free(ours.model);
  problem_free(&p);
}

static size_t setting(const char *name, size_t otherwise) {
  const char *text = getenv(name);
  return text ? (size_t)strtoull(text, NULL, 10) : otherwise;
}

int main(int argc, char **argv) {
  struct bench bench =
      bench_open("fidelity", "ends, and EM maps of plain EM over those of auto", "1 minute", argc, argv);
  size_t problems = setting("EMBLAS_BENCH_PROBLEMS", bench_smoke() ? 40 : PROBLEMS);
  size_t seed = setting("EMBLAS_BENCH_SEED", FIRST_SEED);
  size_t covariances = setting("EMBLAS_BENCH_COVARIANCES", EMBLAS_SPHERICAL + 1);
  if (covariances < 1 || covariances > EMBLAS_COVARIANCE_COUNT) covariances = EMBLAS_COVARIANCE_COUNT;
  struct outcomes o = {.covariances = covariances,
                       .of = need(problems, sizeof *o.of),
                       .ratios = need(problems, sizeof *o.ratios)};
  printf("Seeds %zu to %zu\n\n", seed, seed + problems - 1);
  for (size_t i = 0; i < problems; i++) solve(seed + i, &o);
  print_table(&bench, &o);
  free(o.of), free(o.ratios);
  return bench_close(&bench);
}
