/* SPDX-License-Identifier: MIT */
/* The Gauss rule of a discrete measure: few points with positive weights and the same moments. */
#ifndef EMBLAS_QUADRATURE_H
#define EMBLAS_QUADRATURE_H

#include <stddef.h>

enum { QUADRATURE_NODES = 8, QUADRATURE_MOMENTS = 2 * QUADRATURE_NODES };

struct quadrature {
  double basis[QUADRATURE_MOMENTS][QUADRATURE_MOMENTS];
  double points[QUADRATURE_MOMENTS];
};
void emblas_quadrature_init(struct quadrature *quadrature);

/* The rule of n points x in [low, high], in any order, both ends among them and low < high, with weights
   w >= 0 (NULL: 1 each): QUADRATURE_NODES nodes, ascending, within [low, high], and positive weights that
   add up to those of the points. Moments 0 to 15 agree to roundoff. Non-zero on success; 0 where such a
   rule was not found: the points lie in a few clusters, and each of them will do better alone. */
int emblas_quadrature_rule(const struct quadrature *quadrature, size_t n, const double *x, const double *w,
                           double low, double high, double *nodes, double *weights);

#endif
