/* SPDX-License-Identifier: MIT */
/* The Gauss rule of a discrete measure: few points with positive weights and the same moments. */
#ifndef EMBLAS_QUADRATURE_H
#define EMBLAS_QUADRATURE_H

#include <stddef.h>

enum { QUADRATURE_NODES = 12, QUADRATURE_MOMENTS = 2 * QUADRATURE_NODES };

struct quadrature {
  double basis[QUADRATURE_MOMENTS][QUADRATURE_MOMENTS]; /* [j][i]: to point i, of moment j */
  double points[QUADRATURE_MOMENTS];
};
void emblas_quadrature_init(struct quadrature *quadrature);

/* Onto [-1, 1]: t = (x - centre) inverse. */
struct interval {
  double centre, half, inverse;
};

static inline struct interval interval(double low, double high) {
  double half = high / 2 - low / 2;
  return (struct interval){low + half, half, 1 / half};
}

/* moments[j] = sum_i w_i T_j(t_i), in any order of the points; w NULL: 1 each. */
void emblas_quadrature_moments(size_t n, const double *x, const double *w, struct interval on,
                               double *moments);

/* The signed measure on quadrature->points that has these moments: adding up such measures loses nothing,
   since their absolute weights are at most three times the mass. */
void emblas_quadrature_spread(const struct quadrature *quadrature, const double *moments, double *measure);

/* The rule with these moments in [low, high]: QUADRATURE_NODES nodes, ascending, within [low, high], and
   positive weights whose sum is moments[0]. Non-zero on success; 0 where such a rule was not found: the
   points lie in a few clusters, and each of them will do better alone. */
int emblas_quadrature_rule(const struct quadrature *quadrature, const double *moments, double low,
                           double high, double *nodes, double *weights);

#endif
