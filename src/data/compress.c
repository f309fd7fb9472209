/* SPDX-License-Identifier: MIT */
#include "compress.h"

#include "../base/sort.h"

#include <string.h>

enum {
  Q = QUADRATURE_NODES,
  KEPT = 2 * Q, /* so many different values stay as they are */
  LEAVES = 512, /* as many as this, of .. */
  LEAST_LEAF = 64,
  MOST_LEAF = 1024 /* .. so many rows: enough to make light of the cost of a rule */
};

/* What the rules of a leaf are: its own values, equal ones merged; the one rule of all its rows; or the
   rules of parts of it. */
enum leaf_kind { LEAF_VALUES, LEAF_RULE, LEAF_PARTS };

/* A walk that fills `to`. */
struct filler {
  struct compressor *c;
  struct weighted_rows *to;
  compress_admissible admissible;
  void *context;
};

static size_t leaf_rows(size_t n) {
  size_t few = n / LEAVES;
  return few < LEAST_LEAF ? LEAST_LEAF : few > MOST_LEAF ? MOST_LEAF : few;
}

/* ------------------------------------------------------------------ rows of one cell */

/* Each of these is 0 when there is no more room. */

static int append(const struct filler *f, double value, double weight) {
  struct weighted_rows *to = f->to;
  if (to->count == f->c->capacity) return 0;
  to->values[to->count] = value;
  to->weights[to->count++] = weight;
  return 1;
}

/* Rows as they are, ascending, equal ones merged. */
static int append_values(const struct filler *f, const struct weighted_rows *rows, size_t first,
                         size_t end) {
  for (size_t i = first; i < end;) {
    double value = rows->values[i], weight = 0;
    for (; i < end && rows->values[i] == value; i++) weight += rows->weights != NULL ? rows->weights[i] : 1;
    if (!append(f, value, weight)) return 0;
  }
  return 1;
}

/* *full: there is no room. Else 0 where there is no rule. */
static int append_rule(const struct filler *f, const struct weighted_rows *rows, size_t first, size_t end,
                       double low, double high, int *full) {
  struct compressor *c = f->c;
  struct weighted_rows *to = f->to;
  *full = to->count + Q > c->capacity;
  if (*full) return 0;
  const double *weights = rows->weights != NULL ? rows->weights + first : NULL;
  if (!emblas_quadrature_rule(&c->quadrature, end - first, rows->values + first, weights, low, high,
                              to->values + to->count, to->weights + to->count))
    return 0;
  to->count += Q;
  c->cell_low[c->cells] = low;
  c->cell_high[c->cells++] = high;
  return 1;
}

/* Are there more than KEPT different values among ascending rows? */
static int many(const struct weighted_rows *rows, size_t first, size_t end) {
  size_t different = 1;
  for (size_t i = first + 1; i < end && different <= KEPT; i++)
    different += rows->values[i] != rows->values[i - 1];
  return different > KEPT;
}

/* Ascending rows of a leaf: as they are, or by their rule, or in two halves. */
static int fill_rows(const struct filler *f, size_t first, size_t end) {
  const struct weighted_rows *rows = &f->c->rows;
  if (!many(rows, first, end)) return append_values(f, rows, first, end);
  double low = rows->values[first], high = rows->values[end - 1], middle = low + (high - low) / 2;
  int full = 0;
  if (f->admissible(f->context, low, high) && append_rule(f, rows, first, end, low, high, &full)) return 1;
  if (full) return 0;
  size_t below = first, above = end; /* rows.values[below] <= middle < rows.values[above] */
  if (middle >= high) middle = low;
  while (above - below > 1) {
    size_t i = below + (above - below) / 2;
    if (rows->values[i] <= middle)
      below = i;
    else
      above = i;
  }
  return fill_rows(f, first, above) && fill_rows(f, above, end);
}

/* ------------------------------------------------------------------ leaves */

static size_t leaf_first(const size_t *end, size_t leaf) {
  return leaf > 0 ? end[leaf - 1] : 0;
}

static void sort_leaf(struct compressor *c, size_t leaf) {
  double room[2][MOST_LEAF * 3 / 2 + 1];
  size_t first = leaf_first(c->end, leaf), count = c->end[leaf] - first;
  if (c->sorted[leaf]) return;
  struct sortable s = {c->rows.values + first, c->rows.weights != NULL ? c->rows.weights + first : NULL};
  emblas_sort(count, s, (struct sortable){room[0], room[1]});
  c->sorted[leaf] = 1;
}

static int fill_leaf(const struct filler *f, size_t leaf) {
  struct compressor *c = f->c;
  size_t first = leaf_first(c->rule_end, leaf), end = c->rule_end[leaf];
  if (c->kind[leaf] == LEAF_VALUES) return append_values(f, &c->rules, first, end);
  if (c->kind[leaf] == LEAF_RULE && f->admissible(f->context, c->low[leaf], c->high[leaf])) {
    if (f->to->count + Q > c->capacity) return 0;
    c->cell_low[c->cells] = c->low[leaf];
    c->cell_high[c->cells++] = c->high[leaf];
    return append_values(f, &c->rules, first, end);
  }
  sort_leaf(c, leaf);
  return fill_rows(f, leaf_first(c->end, leaf), c->end[leaf]);
}

/* Leaves first .. end: the rule of their rules, or in two halves. */
static int fill_leaves(const struct filler *f, size_t first, size_t end) {
  struct compressor *c = f->c;
  if (end - first == 1) return fill_leaf(f, first);
  double low = c->low[first], high = c->high[end - 1], middle = low + (high - low) / 2;
  size_t rule = leaf_first(c->rule_end, first), rule_end = c->rule_end[end - 1];
  int full = 0;
  if (rule_end - rule > Q && f->admissible(f->context, low, high) &&
      append_rule(f, &c->rules, rule, rule_end, low, high, &full))
    return 1;
  if (full) return 0;
  size_t below = first, above = end; /* leaf `below` begins at or below the middle, `above` above it */
  while (above - below > 1) {
    size_t i = below + (above - below) / 2;
    if (c->low[i] <= middle)
      below = i;
    else
      above = i;
  }
  if (above == end) above = end - 1;
  return fill_leaves(f, first, above) && fill_leaves(f, above, end);
}

int emblas_compress(struct compressor *c, compress_admissible admissible, void *context) {
  struct filler f = {c, &c->result, admissible, context};
  c->result.count = c->cells = 0;
  return c->rules.count > 0 && fill_leaves(&f, 0, c->leaves);
}

/* ------------------------------------------------------------------ set-up */

static int always(void *context, double low, double high) {
  (void)context, (void)low, (void)high;
  return 1;
}

static void find_range(struct compressor *c, size_t leaf) {
  size_t first = leaf_first(c->end, leaf);
  double low = c->rows.values[first], high = low;
  for (size_t i = first; i < c->end[leaf]; i++) {
    double x = c->rows.values[i];
    low = x < low ? x : low;
    high = x > high ? x : high;
  }
  c->low[leaf] = low, c->high[leaf] = high;
  c->sorted[leaf] = low == high;
}

/* The rules of a leaf, after those in `result`. */
static int make_rules(const struct filler *f, size_t leaf) {
  struct compressor *c = f->c;
  size_t first = leaf_first(c->end, leaf), end = c->end[leaf], cells = c->cells;
  int full = 0;
  find_range(c, leaf);
  c->kind[leaf] = LEAF_RULE;
  if (end - first > KEPT && c->low[leaf] < c->high[leaf] &&
      append_rule(f, &c->rows, first, end, c->low[leaf], c->high[leaf], &full))
    return 1;
  if (full) return 0;
  sort_leaf(c, leaf);
  if (!fill_rows(f, first, end)) return 0;
  c->kind[leaf] = c->cells == cells ? LEAF_VALUES : LEAF_PARTS;
  return 1;
}

/* The rules of all leaves are made where results will be, and then kept. */
static emblas_status make_all_rules(struct compressor *c, struct arena *arena) {
  struct filler f = {c, &c->result, always, NULL};
  for (size_t leaf = 0; leaf < c->leaves; leaf++) {
    if (!make_rules(&f, leaf)) return EMBLAS_OK;
    c->rule_end[leaf] = c->result.count;
  }
  size_t count = c->result.count;
  c->rules.values = emblas_arena_doubles(arena, count, 1);
  c->rules.weights = emblas_arena_doubles(arena, count, 1);
  if (arena->status != EMBLAS_OK) return arena->status;
  memcpy(c->rules.values, c->result.values, count * sizeof(double));
  memcpy(c->rules.weights, c->result.weights, count * sizeof(double));
  c->rules.count = count;
  return EMBLAS_OK;
}

static void allocate(struct compressor *c, struct arena *arena, size_t n) {
  size_t leaves = 2 * n / leaf_rows(n) + 2;
  c->end = emblas_arena_take(arena, leaves, 1, sizeof *c->end);
  c->rule_end = emblas_arena_take(arena, leaves, 1, sizeof *c->rule_end);
  c->low = emblas_arena_doubles(arena, leaves, 1);
  c->high = emblas_arena_doubles(arena, leaves, 1);
  c->sorted = emblas_arena_take(arena, leaves, 1, 1);
  c->kind = emblas_arena_take(arena, leaves, 1, 1);
  c->capacity = n / 2;
  c->result.values = emblas_arena_doubles(arena, c->capacity, 1);
  c->result.weights = emblas_arena_doubles(arena, c->capacity, 1);
  c->cell_low = emblas_arena_doubles(arena, c->capacity / Q + 1, 1);
  c->cell_high = emblas_arena_doubles(arena, c->capacity / Q + 1, 1);
}

emblas_status emblas_compressor_create(struct compressor *c, struct arena *arena, const struct frame *frame,
                                       const struct emblas_data *data) {
  size_t n = data->rows;
  memset(c, 0, sizeof *c);
  emblas_quadrature_init(&c->quadrature);
  allocate(c, arena, n);
  if (arena->status != EMBLAS_OK) return arena->status;
  emblas_status status = emblas_order_rows(&c->rows, arena, frame, data, leaf_rows(n), c->end, &c->leaves);
  return status == EMBLAS_OK ? make_all_rules(c, arena) : status;
}
