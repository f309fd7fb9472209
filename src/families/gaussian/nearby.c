/* SPDX-License-Identifier: MIT */
/* With K the inverse factor of a component, z = K (x - mean) and x in centre +- half, the entries of z lie
   in K (centre - mean) +- |K| half, which bounds |z|^2 and so the logit constant - |z|^2 / 2. Lanes are
   components. */
#include "nearby.h"

#include "../../base/dispatch.h"

#include <math.h>
#include <string.h>

enum { LANES = 8 };

/* How far below another one a logit is nothing beside it, in nats, and what roundings may be of two logits,
   of their magnitude. */
static const double REACH = 60, ROUNDING = 0x1p-40;

/* Boxes that tell, and the part of the components that may be within reach of them: with more the work on a
   box itself takes what is saved. */
enum { SAMPLE = 64 };
static const double WORTH = 0.8;

/* No logit is less, as of the kernels. */
static const double LEAST = -5e299;

/* Entries of K in a row of it. */
static size_t row_entries(const struct gaussian *g, size_t row) {
  return g->geometry == GEOMETRY_FULL ? row + 1 : 1;
}

static size_t groups(const struct gaussian *g) {
  return (g->k + LANES - 1) / LANES;
}

void emblas_nearby_allocate(struct nearby *nearby, struct arena *arena, const struct gaussian *g,
                            const struct boxes *boxes, size_t threads) {
  size_t entries = 1 + g->d;
  for (size_t j = 0; j < g->d; j++) entries += row_entries(g, j);
  *nearby = (struct nearby){.boxes = boxes, .group = entries * LANES};
  nearby->terms = emblas_arena_doubles(arena, groups(g), nearby->group);
  nearby->rooms = emblas_arena_take(arena, threads, 1, sizeof *nearby->rooms);
  for (size_t i = 0; i < threads && arena->status == EMBLAS_OK; i++) {
    struct nearby_room *room = &nearby->rooms[i];
    room->which = emblas_arena_take(arena, g->k, 1, sizeof *room->which);
    room->upper = emblas_arena_doubles(arena, groups(g), LANES);
    room->stats = emblas_arena_doubles(arena, g->k, g->p);
    emblas_gaussian_terms_allocate(g, arena, &room->terms);
  }
}

/* A group: constants, means column by column, K row by row. Lanes that are left over repeat the last
   component. */
static void set_groups(struct nearby *nearby, const struct gaussian *g,
                       const struct gaussian_terms *terms) {
  size_t d = g->d;
  for (size_t at = 0; at < groups(g) * LANES; at++) {
    size_t c = at < g->k ? at : g->k - 1;
    double *to = nearby->terms + at / LANES * nearby->group + at % LANES;
    to[0] = terms->constant[c];
    for (size_t j = 0; j < d; j++) to[(1 + j) * LANES] = terms->mean[c * d + j];
    to += (1 + d) * LANES;
    for (size_t j = 0; j < d; j++)
      for (size_t l = 0; l < row_entries(g, j); l++, to += LANES)
        *to =
            g->geometry == GEOMETRY_FULL ? terms->inverse[(c * d + j) * d + l] : terms->inverse[c * d + j];
  }
}

/* Adds the least and the most of squares of entries in centre +- half. */
DISPATCHED void add_squares(const double *centre, const double *half, double *least, double *most) {
  IN_VECTORS
  for (int i = 0; i < LANES; i++) {
    double middle = fabs(centre[i]), near = middle - half[i], far = middle + half[i];
    near = near > 0 ? near : 0;
    least[i] += near * near;
    most[i] += far * far;
  }
}

/* Bounds of all logits in a box: upper for each component, and the largest of the lower ones. */
RUN_TIME_DISPATCH
static double bound(size_t count, size_t d, int full, const double *terms, const double *centre,
                    const double *half, double *upper) {
  double highest[LANES], result;
  for (int i = 0; i < LANES; i++) highest[i] = -INFINITY;
  for (size_t g = 0; g < count; g++, upper += LANES) {
    const double *constant = terms, *mean = terms + LANES;
    double least[LANES] = {0}, most[LANES] = {0};
    terms += (1 + d) * LANES;
    for (size_t j = 0; j < d; j++) {
      double z[LANES] = {0}, spread[LANES] = {0};
      for (size_t l = full ? 0 : j; l <= j; l++, terms += LANES) {
        IN_VECTORS
        for (int i = 0; i < LANES; i++) {
          z[i] += terms[i] * (centre[l] - mean[l * LANES + (size_t)i]);
          spread[i] += fabs(terms[i]) * half[l];
        }
      }
      add_squares(z, spread, least, most);
    }
    IN_VECTORS
    for (int i = 0; i < LANES; i++) {
      double low = -0.5 * most[i], high = -0.5 * least[i];
      low = constant[i] + (low > LEAST ? low : LEAST);
      upper[i] = constant[i] + (high > LEAST ? high : LEAST);
      highest[i] = low > highest[i] ? low : highest[i];
    }
  }
  result = highest[0];
  for (int i = 1; i < LANES; i++) result = highest[i] > result ? highest[i] : result;
  return result;
}

/* Fills room->which; returns how many they are. */
static size_t find(const struct nearby *nearby, const struct gaussian *g, size_t box,
                   struct nearby_room *room) {
  const double *centre = nearby->boxes->centre + box * g->d, *half = nearby->boxes->half + box * g->d;
  double highest =
      bound(groups(g), g->d, g->geometry == GEOMETRY_FULL, nearby->terms, centre, half, room->upper);
  double least = highest - REACH - ROUNDING * fabs(highest);
  size_t count = 0;
  for (size_t c = 0; c < g->k; c++) {
    room->which[count] = c;
    count += !(room->upper[c] < least);
  }
  return count;
}

int emblas_nearby_prepare(struct nearby *nearby, const struct gaussian *g,
                          const struct gaussian_terms *terms) {
  size_t step = (nearby->boxes->count + SAMPLE - 1) / SAMPLE, boxes = 0, components = 0;
  set_groups(nearby, g, terms);
  for (size_t box = step / 2; box < nearby->boxes->count; box += step, boxes++)
    components += find(nearby, g, box, &nearby->rooms[0]);
  return (double)components <= WORTH * (double)boxes * (double)g->k;
}

struct gaussian emblas_nearby_select(const struct nearby *nearby, const struct gaussian *g,
                                     const struct gaussian_terms *terms, size_t box,
                                     struct nearby_room *room) {
  struct gaussian near = *g;
  near.k = find(nearby, g, box, room);
  emblas_gaussian_gather(g, terms, near.k, room->which, &room->terms);
  memset(room->stats, 0, near.k * near.p * sizeof *room->stats);
  return near;
}

void emblas_nearby_add(const struct gaussian *g, const struct gaussian *near,
                       const struct nearby_room *room, double *stats) {
  const double *from = room->stats;
  for (size_t c = 0; c < near->k; c++) {
    double *to = stats + room->which[c] * g->p;
    for (size_t j = 0; j < g->p; j++) *to++ += *from++;
  }
}
