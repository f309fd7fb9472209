/* SPDX-License-Identifier: MIT */
#include "tally.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void tally_add(struct tally *tally, size_t plain, size_t accelerated, double left, double above) {
  if (tally->count == TALLY_PROBLEMS) return;
  tally->ratios[tally->count++] = (double)plain / (double)accelerated;
  tally->left += left > TALLY_SAME;
  tally->basins += fabs(above) > TALLY_SAME;
  tally->lower += above < -TALLY_SAME;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void note(struct json_object *summary, const char *key, const char *text, double value) {
  printf("%-66s %8.4g\n", text, value);
  json_object_object_add(summary, key, json_object_new_double(value));
}

void tally_summarise(struct bench *bench, const char *key, struct tally *t) {
  struct json_object *summary = json_object_new_object();
  double logarithms = 0;
  qsort(t->ratios, t->count, sizeof *t->ratios, ascending);
  for (size_t i = 0; i < t->count; i++) logarithms += log(t->ratios[i]);
  printf("\n");
  note(summary, "problems", "problems", (double)t->count);
  note(summary, "median_ratio", "maps of plain EM over those of auto, median",
       (t->ratios[(t->count - 1) / 2] + t->ratios[t->count / 2]) / 2);
  note(summary, "mean_ratio", "the same, geometric mean", exp(logarithms / (double)t->count));
  note(summary, "worst", "maps of auto over those of plain EM, worst", 1 / t->ratios[0]);
  note(summary, "left", "ends of auto from which plain EM gains more than 1e-6", (double)t->left);
  note(summary, "basins", "ends in another basin than plain EM", (double)t->basins);
  note(summary, "lower", "of them lower", (double)t->lower);
  json_object_object_add(bench->document, key, summary);
}
