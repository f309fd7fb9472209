/* SPDX-License-Identifier: MIT */
/* Squared extrapolation with the step length S3 (Varadhan, Roland, Scand. J. Stat. 35, 2008): from x0, x1 =
   M(x0), x2 = M(x1), r = x1 - x0 and v = x2 - 2 x1 + x0, to x0 + 2 s r + s^2 v with s = |r| / |v|. */
#include "accelerate.h"

#include <math.h>

/* The current point is x1, its residual x2 - x1, and v the change of the residual. */
static int propose(struct accelerator *a, double *step) {
  const struct history *h = &a->history;
  if (a->plain < 2 || h->count == 0) return 0;
  const double *change = h->df[h->slot[0]];
  double square = 0;
  for (size_t l = 0; l < h->size; l++) {
    double r = h->f[l] - change[l];
    square += r * r;
  }
  double s = sqrt(square / emblas_dot(h->size, change, change));
  if (!(s > 1)) return 0; /* s = 1 is x2, the plain step */
  for (size_t l = 0; l < h->size; l++) {
    double v = change[l], r = h->f[l] - v;
    step[l] = (2 * s - 1) * r + s * s * v;
  }
  return 1;
}

const struct method emblas_squarem = {.propose = propose};
