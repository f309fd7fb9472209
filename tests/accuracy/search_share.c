/* SPDX-License-Identifier: MIT */
/* usage: search_share DATA_FOLDER TABLE [SEEDS [STARTS]]

   How often the default call reaches the best known sound optimum, for seeds 1 .. SEEDS (default 5), what
   it takes, and how often what it returns is not sound. */
#include "best_known.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Counts of fits: by covariance model, of few components, by set, of all. */
struct tally {
  size_t fits, reached, spurious, above;
};
enum { FEW_COMPONENTS = 3 };

static void add(struct tally *tally, int reached, int sound, int above) {
  tally->fits++;
  tally->reached += (size_t)reached;
  tally->spurious += !sound;
  tally->above += (size_t)above;
}

static void print(const char *name, const struct tally *tally) {
  printf("%-10s %5zu fits, reached %5.1f %%, spurious %4.1f %%, better than known %zu\n", name, tally->fits,
         100.0 * (double)tally->reached / (double)tally->fits,
         100.0 * (double)tally->spurious / (double)tally->fits, tally->above);
}

struct tallies {
  struct tally all, few, one_column, covariance[TEST_MODELS];
  size_t maps;
};

static int run(const struct problem *problem, const struct emblas_options *options,
               struct tallies *tallies) {
  struct emblas_data data = best_known_data(problem);
  struct emblas_model *model = NULL;
  struct emblas_report report;
  emblas_report_init(&report, sizeof report);
  if (emblas_fit(&data, options, &model, &report) != EMBLAS_OK) return 1;
  int sound = best_known_sound(problem->set, model);
  int reached = sound && report.loglik >= problem->best - 1e-3;
  int above = sound && report.loglik > problem->best + 1e-3;
  if (above)
    printf("%s,%s,%zu,%.6f is better than known\n", problem->set->name,
           emblas_covariance_string(problem->covariance), problem->components, report.loglik);
  add(&tallies->all, reached, sound, above);
  add(&tallies->covariance[problem->covariance], reached, sound, above);
  if (problem->components <= FEW_COMPONENTS) add(&tallies->few, reached, sound, above);
  if (data.columns == 1) add(&tallies->one_column, reached, sound, above);
  tallies->maps += report.maps;
  emblas_model_free(model);
  emblas_report_clear(&report);
  return 0;
}

int main(int argc, char **argv) {
  if (argc < 3) return fprintf(stderr, "usage: search_share DATA_FOLDER TABLE [SEEDS [STARTS]]\n"), 2;
  uint64_t seeds = argc > 3 ? strtoul(argv[3], NULL, 10) : 5;
  struct problem *problems;
  struct tallies tallies = {.maps = 0};
  size_t count = best_known_read(argv[1], argv[2], &problems);
  clock_t begin = clock();
  for (size_t i = 0; i < count; i++) {
    struct emblas_options options = best_known_options(&problems[i]);
    options.threads = 1;
    if (argc > 4) options.starts = strtoul(argv[4], NULL, 10);
    for (options.seed = 1; options.seed <= seeds; options.seed++)
      if (run(&problems[i], &options, &tallies)) return fprintf(stderr, "a fit failed\n"), 1;
  }
  double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
  for (int v = 0; v < TEST_MODELS; v++)
    print(emblas_covariance_string((enum emblas_covariance)v), &tallies.covariance[v]);
  print("one column", &tallies.one_column);
  print("k <= 3", &tallies.few);
  print("all", &tallies.all);
  printf("%zu maps, %.2f s of processor time\n", tallies.maps, seconds);
  best_known_free(problems);
  return 0;
}
