/* SPDX-License-Identifier: MIT */
/* What components share of the variances along their axes: of volume and shape each is E, equal in all of
   them, or V, a component's own (Celeux & Govaert 1995). A component's volume is the geometric mean of its
   variances, its shape what they are beside that. Where its axes lie is another matter. */
#ifndef EMBLAS_GAUSSIAN_SPREAD_H
#define EMBLAS_GAUSSIAN_SPREAD_H

#include <stddef.h>

struct spread {
  size_t k, n;         /* components, and axes of each */
  const double *share; /* k: of the rows, adding up to 1 */
  double *variances;   /* of component c, n, from variances + c * stride: those of its rows along its axes;
                          then .. */
  size_t stride;       /* .. those of the model */
  const double *floor; /* n: no variance along an axis is smaller */
  double *volumes;     /* k: a start for those of own volumes and a common shape, > 0; room otherwise */
  double *shape;       /* 2 n: room */
  unsigned *flags;     /* k: EMBLAS_COMPONENT_COLLAPSED says where a variance is at the floor */
  double rounding;     /* variances that are a smaller part of a component's largest say nothing */
};

/* The variances of largest likelihood, which minimise sum_c share_c sum_j (log v_cj + s_cj / v_cj) under
   the letters' constraint and above the floor. In closed form, but for volumes of components' own with a
   common shape: these two take turns from the volumes given, so that the sum never rises, until neither
   moves. There, the floor of the one is a bound of the other, and the end may be above the least. */
void emblas_spread_fit(char volume, char shape, const struct spread *s);

/* One turn of them. Only products of a volume and an entry of the shape count, so that neither has to have
   a product of 1: with it, volumes that are too large could not shrink beside an axis at the floor. total:
   sum_c share_c s_cj / volume_c; bound: the floor over the smallest volume. */
void emblas_spread_shape(size_t n, const double *total, const double *bound, double *shape);

/* The volume of variances with that shape, above the floor. */
double emblas_spread_volume(size_t n, const double *variances, const double *shape, const double *floor);

#endif
