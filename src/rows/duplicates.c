/* SPDX-License-Identifier: MIT */
#include "duplicates.h"

#include "../base/random.h"
#include "../base/sum.h"

#include <stdint.h>
#include <string.h>

enum {
  SAMPLE = 2048,
  LEAST_PAIRS = 8, /* equal pairs in a sample that are no accident */
  MARGIN = 8       /* rows that come once in a while escape the sample */
};

/* Rows with the same hash stand in neighbouring slots; a slot holds 1 + the number of its group, 0: none.
 */
struct groups {
  const struct emblas_data *data;
  size_t count, capacity, slots; /* slots: a power of two */
  size_t *slot;                  /* slots */
  size_t *row;                   /* capacity: the first of each group */
  double *weight;                /* capacity x 2: the sum, high and low part; or NULL */
};

static uint64_t hash_row(const struct emblas_data *data, size_t row) {
  const double *x = view_row(data, row);
  uint64_t hash = 0;
  for (size_t j = 0; j < data->columns; j++) {
    double value = x[j] + 0.0; /* -0 becomes 0 */
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    hash = (hash ^ bits) * UINT64_C(0x9E3779B97F4A7C15);
    hash ^= hash >> 32;
  }
  return hash;
}

static int equal_rows(const struct emblas_data *data, size_t a, size_t b) {
  const double *x = view_row(data, a), *y = view_row(data, b);
  for (size_t j = 0; j < data->columns; j++)
    if (x[j] != y[j]) return 0;
  return 1;
}

/* The group of a row, a new one if need be; capacity when there is no room. */
static size_t group_of(struct groups *groups, size_t row) {
  size_t at = (size_t)hash_row(groups->data, row) & (groups->slots - 1);
  for (; groups->slot[at] != 0; at = (at + 1) & (groups->slots - 1)) {
    size_t group = groups->slot[at] - 1;
    if (equal_rows(groups->data, groups->row[group], row)) return group;
  }
  if (groups->count == groups->capacity) return groups->capacity;
  groups->row[groups->count] = row;
  groups->slot[at] = groups->count + 1;
  return groups->count++;
}

/* How many different rows there are, from the pairs of equal ones in a sample of s: with m rows of equal
   frequency s^2 / (2 m) of them are expected. n when there are hardly any. */
static size_t estimate(const struct emblas_data *data) {
  size_t slot[2 * SAMPLE] = {0}, row[SAMPLE], members[SAMPLE] = {0};
  double pairs = 0;
  struct groups groups = {.data = data, .capacity = SAMPLE, .slots = 2 * SAMPLE, .slot = slot, .row = row};
  struct random random;
  emblas_random_seed(&random, 1, 0); /* drawn, so that no order of the rows deceives */
  for (size_t i = 0; i < SAMPLE; i++) {
    size_t drawn = (size_t)(emblas_random_uniform(&random) * (double)data->rows);
    size_t group = group_of(&groups, drawn);
    pairs += (double)members[group]++;
  }
  /* Rows drawn twice are pairs of their own. */
  pairs -= (double)SAMPLE * SAMPLE / 2 / (double)data->rows;
  if (pairs < LEAST_PAIRS) return data->rows;
  double different = (double)SAMPLE * SAMPLE / 2 / pairs;
  return different < (double)data->rows ? (size_t)different : data->rows;
}

static int collect(struct groups *groups) {
  const struct emblas_data *data = groups->data;
  for (size_t i = 0; i < data->rows; i++) {
    double weight = view_weight(data, i);
    if (weight == 0) continue;
    size_t before = groups->count, group = group_of(groups, i);
    if (group == groups->capacity) return 0;
    if (groups->count > before) groups->weight[2 * group] = groups->weight[2 * group + 1] = 0;
    sum_add(&groups->weight[2 * group], weight);
  }
  return 1;
}

static emblas_status copy_groups(const struct groups *groups, struct arena *arena,
                                 struct emblas_data *merged) {
  size_t d = groups->data->columns, m = groups->count;
  double *values = emblas_arena_doubles(arena, m, d), *weights = emblas_arena_doubles(arena, m, 1);
  if (arena->status != EMBLAS_OK) return arena->status;
  for (size_t g = 0; g < m; g++) {
    memcpy(values + g * d, view_row(groups->data, groups->row[g]), d * sizeof *values);
    weights[g] = groups->weight[2 * g] + groups->weight[2 * g + 1];
  }
  merged->values = values;
  merged->weights = weights;
  merged->rows = m;
  merged->columns = d;
  return EMBLAS_OK;
}

emblas_status emblas_duplicates_merge(const struct emblas_data *data, struct arena *arena,
                                      struct emblas_data *merged) {
  emblas_data_init(merged, sizeof *merged);
  size_t different = estimate(data), most = data->rows / 2;
  if (different >= most || most < SAMPLE) return EMBLAS_OK;
  if (different < most / MARGIN) most = MARGIN * different < SAMPLE ? SAMPLE : MARGIN * different;

  struct groups groups = {.data = data, .capacity = most, .slots = 1};
  struct arena transient;
  while (groups.slots < 2 * most) groups.slots *= 2;
  emblas_arena_init(&transient, arena->allocator);
  groups.slot = emblas_arena_take(&transient, groups.slots, 1, sizeof *groups.slot);
  groups.row = emblas_arena_take(&transient, most, 1, sizeof *groups.row);
  groups.weight = emblas_arena_doubles(&transient, most, 2);
  emblas_status status = transient.status;
  if (status == EMBLAS_OK) {
    memset(groups.slot, 0, groups.slots * sizeof *groups.slot);
    if (collect(&groups)) status = copy_groups(&groups, arena, merged);
  }
  emblas_arena_free(&transient);
  return status;
}
