/* SPDX-License-Identifier: MIT */
#include "compress.h"

#include <math.h>
#include <string.h>

enum {
  Q = QUADRATURE_NODES,
  WORTH = 4,          /* times fewer rows than there are: cells have to be looked after, too, and rows in
                         order leave components out as well */
  KEPT = LEAF_POINTS, /* so many different values stay as they are */
  TRIES = 8           /* to make a cell wider */
};

/* A walk along the line that fills c->result. */
struct filler {
  struct compressor *c;
  compress_strain strain;
  void *context;
  double width; /* of the last cell */
};

/* A cell whose strain is between this and 1 is as wide as it may be, and so is one that is this part of one
   that is too wide. */
#define NEAR_ENOUGH 0.85

/* ------------------------------------------------------------------ what a cell becomes */

/* Each of these is 0 when there is no more room. */

static int append(const struct filler *f, double value, double weight) {
  struct weighted_rows *to = &f->c->result;
  if (to->count == f->c->capacity) return 0;
  to->values[to->count] = value;
  to->weights[to->count++] = weight;
  return 1;
}

/* Ascending rows as they are, equal ones merged. */
static int append_values(const struct filler *f, const struct weighted_rows *rows, size_t first,
                         size_t end) {
  for (size_t i = first; i < end;) {
    double value = rows->values[i], weight = 0;
    for (; i < end && rows->values[i] == value; i++) weight += rows->weights != NULL ? rows->weights[i] : 1;
    if (!append(f, value, weight)) return 0;
  }
  return 1;
}

enum outcome { FULL, DONE, NO_RULE };

static enum outcome append_rule(const struct filler *f, const double *moments, double low, double high) {
  struct compressor *c = f->c;
  struct weighted_rows *to = &c->result;
  if (to->count + Q > c->capacity) return FULL;
  if (!emblas_quadrature_rule(&c->quadrature, moments, low, high, to->values + to->count,
                              to->weights + to->count))
    return NO_RULE;
  to->count += Q;
  c->cell_low[c->cells] = low;
  c->cell_high[c->cells++] = high;
  return DONE;
}

/* Of items whose upper ends are high[first .. end]: the last that is not above `most`, or the first. */
static size_t last_below(const double *high, size_t first, size_t end, double most) {
  while (end - first > 1) {
    size_t i = first + (end - first) / 2;
    if (high[i] <= most)
      first = i;
    else
      end = i;
  }
  return first;
}

/* Of items whose upper ends are high[first .. end], all above `low`: the last that an admissible cell from
   `low` on takes in, or near enough; end when it takes in none. A cell's strain tells how wide the next one
   to be looked at is. */
static size_t last_within(struct filler *f, const double *high, size_t first, size_t end, double low) {
  size_t good = end, bad = end, at = last_below(high, first, end, low + f->width);
  for (int tries = 0;; tries++) {
    double width = high[at] - low, strain = f->strain(f->context, low, high[at]);
    if (strain <= 1)
      good = at;
    else
      bad = at;
    if (bad == first) return end;
    size_t least = good < end ? good + 1 : first; /* what is still to be looked at: least .. bad */
    if (least >= bad || (good < end && (strain > NEAR_ENOUGH || tries >= TRIES))) break;
    at = last_below(high, least, bad, low + width * (strain <= 0.97 / 8 ? 8 : fmax(0.97 / strain, 1. / 8)));
    if (good < end && bad < end && at + 1 == bad) { /* a strain that tells too little: by halves */
      if (high[bad] - low < (high[good] - low) / NEAR_ENOUGH) break;
      at = least + (bad - least) / 2;
    }
  }
  f->width = high[good] - low;
  return good;
}

/* ------------------------------------------------------------------ rows of a leaf */

/* Are there more than KEPT different values among ascending rows? */
static int many(const struct weighted_rows *rows, size_t first, size_t end) {
  size_t different = 1;
  for (size_t i = first + 1; i < end && different <= KEPT; i++)
    different += rows->values[i] != rows->values[i - 1];
  return different > KEPT;
}

/* Ascending rows that make one cell; or, if they have no rule, two halves of it. */
static int fill_cell(const struct filler *f, size_t first, size_t end) {
  const struct weighted_rows *rows = &f->c->leaves.rows;
  if (!many(rows, first, end)) return append_values(f, rows, first, end);
  double low = rows->values[first], high = rows->values[end - 1], middle = low + (high - low) / 2;
  double moments[QUADRATURE_MOMENTS];
  emblas_quadrature_moments(end - first, rows->values + first,
                            rows->weights != NULL ? rows->weights + first : NULL, interval(low, high),
                            moments);
  enum outcome outcome = append_rule(f, moments, low, high);
  if (outcome != NO_RULE) return outcome == DONE;
  size_t below = first, above = end; /* rows.values[below] <= middle < rows.values[above] */
  if (middle >= high) middle = low;
  while (above - below > 1) {
    size_t i = below + (above - below) / 2;
    if (rows->values[i] <= middle)
      below = i;
    else
      above = i;
  }
  return fill_cell(f, first, above) && fill_cell(f, above, end);
}

/* A leaf, cell by cell. */
static int fill_leaf(struct filler *f, size_t leaf) {
  struct leaves *leaves = &f->c->leaves;
  size_t end = leaves->end[leaf];
  emblas_leaves_sort(leaves, leaf);
  for (size_t first = leaf_first(leaves, leaf); first < end;) {
    const double *values = leaves->rows.values;
    size_t last = last_within(f, values, first, end, values[first]);
    size_t cell_end = (last < end ? last : first) + 1;
    while (cell_end < end && values[cell_end] == values[cell_end - 1]) cell_end++;
    if (!fill_cell(f, first, cell_end)) return 0;
    first = cell_end;
  }
  return 1;
}

/* ------------------------------------------------------------------ leaves */

/* How many different values leaves have, as far as they are known; more than KEPT otherwise. */
static size_t count_atoms(const struct leaves *leaves, size_t first, size_t end) {
  size_t atoms = 0;
  for (size_t leaf = first; leaf < end && atoms <= KEPT; leaf++)
    atoms += leaves->atoms[leaf] > 0 ? leaves->atoms[leaf] : KEPT + 1;
  return atoms;
}

/* Leaves that make one cell; or, if they have no rule, two halves of it. */
static int fill_leaves(struct filler *f, size_t first, size_t end) {
  struct leaves *leaves = &f->c->leaves;
  if (count_atoms(leaves, first, end) <= KEPT) {
    for (size_t leaf = first; leaf < end; leaf++)
      for (size_t i = 0; i < leaves->atoms[leaf]; i++)
        if (!append(f, leaves->value[leaf * LEAF_POINTS + i], leaves->weight[leaf * LEAF_POINTS + i]))
          return 0;
    return 1;
  }
  double low = leaves->low[first], high = leaves->high[end - 1], moments[QUADRATURE_MOMENTS];
  emblas_leaves_moments(leaves, &f->c->quadrature, first, end, interval(low, high), moments);
  enum outcome outcome = append_rule(f, moments, low, high);
  if (outcome != NO_RULE) return outcome == DONE;
  if (end - first == 1) {
    emblas_leaves_sort(leaves, first);
    return fill_cell(f, leaf_first(leaves, first), leaves->end[first]);
  }
  size_t middle = first + (end - first) / 2;
  return fill_leaves(f, first, middle) && fill_leaves(f, middle, end);
}

int emblas_compress(struct compressor *c, compress_strain strain, void *context) {
  struct filler f = {c, strain, context, 0};
  const struct leaves *leaves = &c->leaves;
  c->result.count = c->cells = 0;
  for (size_t leaf = 0; leaf < leaves->count;) {
    size_t last = last_within(&f, leaves->high, leaf, leaves->count, leaves->low[leaf]);
    if (!(last < leaves->count ? fill_leaves(&f, leaf, last + 1) : fill_leaf(&f, leaf))) return 0;
    leaf = last < leaves->count ? last + 1 : leaf + 1;
  }
  return 1;
}

/* ------------------------------------------------------------------ set-up */

emblas_status emblas_compressor_create(struct compressor *c, struct arena *arena, const struct frame *frame,
                                       const struct emblas_data *data, const struct view_summary *summary) {
  memset(c, 0, sizeof *c);
  emblas_quadrature_init(&c->quadrature);
  emblas_status status = emblas_leaves_create(&c->leaves, arena, frame, data, summary, &c->quadrature);
  if (status != EMBLAS_OK) return status;
  c->pairs.values = emblas_arena_doubles(arena, c->leaves.count, 2);
  c->pairs.weights = emblas_arena_doubles(arena, c->leaves.count, 2);
  c->capacity = c->leaves.rows.count / WORTH;
  c->result.values = emblas_arena_doubles(arena, c->capacity, 1);
  c->result.weights = emblas_arena_doubles(arena, c->capacity, 1);
  c->cell_low = emblas_arena_doubles(arena, c->capacity / Q + 1, 1);
  c->cell_high = emblas_arena_doubles(arena, c->capacity / Q + 1, 1);
  if (arena->status != EMBLAS_OK) return arena->status;
  for (size_t leaf = 0; leaf < c->leaves.count; leaf++)
    c->pairs.count += emblas_leaves_pair(&c->leaves, &c->quadrature, leaf, c->pairs.values + c->pairs.count,
                                         c->pairs.weights + c->pairs.count);
  return EMBLAS_OK;
}
