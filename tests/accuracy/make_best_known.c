/* SPDX-License-Identifier: MIT */
/* usage: make_best_known DATA_FOLDER TABLE [STARTS [SEED]]

   Improves the table of best known sound optima, which is made where there is none: from each of four kinds
   STARTS starts a problem (default 200), each run to its end. The kinds: k-means++; random; means at rows
   that are drawn, with the covariance of all data over a power of k; and the best so far with one component
   moved to a row that is drawn. The table keeps the larger of what it had and what was found. */
#include "best_known.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_COLUMNS = 8 };

static uint64_t state;

/* SplitMix64. */
static double uniform(void) {
  uint64_t z = state += UINT64_C(0x9E3779B97F4A7C15);
  z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
  return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

static size_t draw(size_t n) {
  return (size_t)(uniform() * (double)n);
}

struct best {
  double loglik;
  struct emblas_model *model;
};

/* Takes the model over when it is sound and better. */
static void offer(struct best *best, const struct set *set, struct emblas_model *model, double loglik) {
  if (best_known_sound(set, model) && loglik > best->loglik) {
    emblas_model_free(best->model);
    *best = (struct best){loglik, model};
  } else {
    emblas_model_free(model);
  }
}

/* Starts of the library's own, one after the other. */
static void run_starts(const struct problem *problem, enum emblas_start kind, size_t starts, uint64_t seed,
                       struct best *best) {
  struct emblas_data data = best_known_data(problem);
  struct emblas_options options = best_known_options(problem);
  struct emblas_fitter *fitter = NULL;
  options.start = kind, options.seed = seed;
  if (emblas_fitter_create(&data, &options, &fitter, NULL) != EMBLAS_OK) return;
  for (size_t s = 0; s < starts; s++) {
    enum emblas_stop_reason reason = EMBLAS_RUNNING;
    struct emblas_em_point point;
    struct emblas_model *model = NULL;
    emblas_status status = emblas_fitter_start(fitter, s);
    while (status == EMBLAS_OK && reason == EMBLAS_RUNNING)
      status = emblas_fitter_step(fitter, &point, &reason);
    if (status == EMBLAS_OK && emblas_fitter_finish(fitter, &model, NULL) == EMBLAS_OK)
      offer(best, problem->set, model, point.loglik);
  }
  emblas_fitter_free(fitter);
}

/* Parameters that are being made up. */
struct guess {
  double weights[MOST_COMPONENTS], means[MOST_COMPONENTS * MAX_COLUMNS],
      covariances[MOST_COMPONENTS * MAX_COLUMNS * MAX_COLUMNS];
};

static void run_guess(const struct problem *problem, const struct guess *guess, struct best *best) {
  struct emblas_parameters parameters;
  struct emblas_model *start = NULL, *model = NULL;
  struct emblas_report report;
  struct emblas_data data = best_known_data(problem);
  struct emblas_options options = best_known_options(problem);
  emblas_parameters_init(&parameters, sizeof parameters);
  parameters.covariance = problem->covariance;
  parameters.components = problem->components, parameters.dim = problem->set->columns;
  parameters.weights = guess->weights, parameters.means = guess->means;
  parameters.covariances = guess->covariances;
  if (emblas_model_create(&parameters, &start, NULL) != EMBLAS_OK) return;
  options.start = EMBLAS_START_MODEL, options.model = start;
  emblas_report_init(&report, sizeof report);
  if (emblas_fit(&data, &options, &model, &report) == EMBLAS_OK)
    offer(best, problem->set, model, report.loglik);
  emblas_report_clear(&report);
  emblas_model_free(start);
}

/* The covariance of all data, scaled, as the covariance model has it. */
static void common_covariance(const struct problem *problem, double scale, double *covariance) {
  size_t d = problem->set->columns;
  double mean = 0;
  for (size_t j = 0; j < d; j++) mean += problem->set->covariance[j * d + j] / (double)d;
  for (size_t j = 0; j < d; j++)
    for (size_t l = 0; l < d; l++) {
      double entry = problem->set->covariance[j * d + l];
      if (problem->covariance == EMBLAS_SPHERICAL) entry = mean;
      int kept = j == l || problem->covariance == EMBLAS_FULL || problem->covariance == EMBLAS_TIED;
      covariance[j * d + l] = kept ? scale * entry : 0;
    }
}

static void run_rows(const struct problem *problem, struct best *best) {
  struct guess guess;
  const struct set *set = problem->set;
  size_t k = problem->components, d = set->columns;
  double scale = pow((double)k, -2 * uniform());
  for (size_t c = 0; c < k; c++) {
    guess.weights[c] = 1 / (double)k;
    memcpy(guess.means + c * d, set->values + draw(set->rows) * d, d * sizeof(double));
    common_covariance(problem, scale, guess.covariances + c * d * d);
  }
  run_guess(problem, &guess, best);
}

static void run_swap(const struct problem *problem, struct best *best) {
  struct guess guess;
  const struct set *set = problem->set;
  size_t k = problem->components, d = set->columns, moved = draw(k), like = draw(k);
  if (best->model == NULL) return;
  memcpy(guess.means, emblas_model_means(best->model), k * d * sizeof(double));
  double sum = 0;
  for (size_t c = 0; c < k; c++) {
    emblas_model_covariance(best->model, c, guess.covariances + c * d * d);
    sum += guess.weights[c] = c == moved ? 1 / (double)k : emblas_model_weights(best->model)[c];
  }
  for (size_t c = 0; c < k; c++) guess.weights[c] /= sum;
  memcpy(guess.means + moved * d, set->values + draw(set->rows) * d, d * sizeof(double));
  double shrink = uniform();
  if (problem->covariance != EMBLAS_TIED)
    for (size_t i = 0; i < d * d; i++)
      guess.covariances[moved * d * d + i] = shrink * guess.covariances[like * d * d + i];
  run_guess(problem, &guess, best);
}

static void improve(struct problem *problem, size_t starts, uint64_t seed) {
  struct best best = {-INFINITY, NULL};
  run_starts(problem, EMBLAS_START_KMEANSPP, starts, seed, &best);
  run_starts(problem, EMBLAS_START_RANDOM, starts, seed, &best);
  for (size_t s = 0; s < starts; s++) run_rows(problem, &best);
  for (size_t s = 0; s < starts; s++) run_swap(problem, &best);
  if (best.model != NULL && !(best.loglik <= problem->best)) problem->best = best.loglik;
  emblas_model_free(best.model);
}

int main(int argc, char **argv) {
  if (argc < 3) return fprintf(stderr, "usage: make_best_known DATA_FOLDER TABLE [STARTS [SEED]]\n"), 2;
  size_t starts = argc > 3 ? strtoul(argv[3], NULL, 10) : 200;
  uint64_t seed = argc > 4 ? strtoul(argv[4], NULL, 10) : 1;
  struct problem *problems;
  FILE *old = fopen(argv[2], "r");
  if (old != NULL) fclose(old);
  size_t count = best_known_read(argv[1], old != NULL ? argv[2] : NULL, &problems);
  state = seed;
  for (size_t i = 0; i < count; i++) {
    double before = problems[i].best;
    improve(&problems[i], starts, seed);
    if (!(problems[i].best <= before + 1e-6))
      printf("%s %s %zu: %.6f, was %.6f\n", problems[i].set->name,
             emblas_covariance_string(problems[i].covariance), problems[i].components, problems[i].best,
             before);
    fflush(stdout);
    best_known_write(argv[2], problems, count);
  }
  best_known_free(problems);
  return 0;
}
