/* SPDX-License-Identifier: MIT */
/* The components within reach of a box of rows. A logit that is everywhere in the box 60 nats below another
   one changes no sum of doubles that anything else is part of: docs/numerics.md. */
#ifndef EMBLAS_NEARBY_H
#define EMBLAS_NEARBY_H

#include "../../rows/boxes.h"
#include "gaussian.h"

/* The components of one box; of one thread. */
struct nearby_room {
  size_t *which;               /* k: their numbers, ascending */
  double *upper;               /* k and what fills the last vector: bounds of the logits */
  struct gaussian_terms terms; /* theirs, one after the other */
  double *stats;               /* k x p: room for their statistics */
};

struct nearby {
  const struct boxes *boxes;
  size_t group;              /* doubles of a group of components */
  double *terms;             /* of all components, in groups whose lanes are components */
  struct nearby_room *rooms; /* one a thread */
};

void emblas_nearby_allocate(struct nearby *nearby, struct arena *arena, const struct gaussian *g,
                            const struct boxes *boxes, size_t threads);

/* Once a pass, from the terms of all components. Non-zero when few enough components are within reach of a
   box for a pass to be faster box by box; it does not depend on passes before. */
int emblas_nearby_prepare(struct nearby *nearby, const struct gaussian *g,
                          const struct gaussian_terms *terms);

/* The mixture of the components within reach of a box: its shape is returned, which and terms are in the
   room, the statistics are 0. */
struct gaussian emblas_nearby_select(const struct nearby *nearby, const struct gaussian *g,
                                     const struct gaussian_terms *terms, size_t box,
                                     struct nearby_room *room);

/* Adds the room's statistics to those of all components. */
void emblas_nearby_add(const struct gaussian *g, const struct gaussian *near,
                       const struct nearby_room *room, double *stats);

#endif
