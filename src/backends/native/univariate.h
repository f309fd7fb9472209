/* SPDX-License-Identifier: MIT */
/* One dimension: logits, softmax and statistics of a block in one sweep; lanes are rows. Included by isa.h.

   The logit constant - (x - mean)^2 / (2 sigma^2) has its moments about the component's own mean, so
   nothing cancels. Exponentials are shifted by the largest constant, which no logit exceeds; only a block
   with a row for which they vanish is done again with that row's own maximum. An exponential below e^-708
   of the shift is that, not 0: nothing beside the others. */

/* Of the components, those that count in this block, as arrays, and the lanes' partial statistics. */
struct NAMED(univariate) {
  size_t k;
  double *mean, *curvature, *constant; /* curvature = -1 / (2 sigma^2); constants less the shift */
  double *e;                           /* k x TILE_ROWS: exponentials of a tile */
  stored *stats;                       /* k x 3 */
  double shift;
};

/* The tile's logits of a component, from its rows' distances. */
INLINE void NAMED(univariate_logits)(const struct NAMED(univariate) * u, size_t c, const lanes *x,
                                     lanes *l) {
  EACH_VECTOR l[t] = x[t] - u->mean[c];
  EACH_VECTOR l[t] = l[t] * l[t];
  EACH_VECTOR l[t] = l[t] * u->curvature[c] + u->constant[c];
}

INLINE void NAMED(univariate_tile)(int whole, int own_maximum, size_t rows, const double *values,
                                   const double *weights, struct NAMED(univariate) * u, lanes *least,
                                   struct NAMED(tile_sums) * tile) {
  lanes x[TILE], z[TILE], shift[TILE], share[TILE];
  EACH_VECTOR x[t] = get(whole, values + t * LANES, left(rows, (size_t)t * LANES), values[0]);
  EACH_VECTOR shift[t] = splat(0);
  if (own_maximum) {
    NAMED(univariate_logits)(u, 0, x, shift);
    for (size_t c = 1; c < u->k; c++) {
      lanes l[TILE];
      NAMED(univariate_logits)(u, c, x, l);
      EACH_VECTOR shift[t] = greater(l[t], shift[t]);
    }
  }
  EACH_VECTOR z[t] = splat(0);
  for (size_t c = 0; c < u->k; c++) {
    lanes e[TILE];
    NAMED(univariate_logits)(u, c, x, e);
    if (own_maximum) EACH_VECTOR e[t] -= shift[t];
    exponentials(e, 0);
    EACH_VECTOR z[t] += e[t];
    EACH_VECTOR *(stored *)(u->e + c * TILE_ROWS + t * LANES) = e[t];
  }
  EACH_VECTOR {
    size_t here = left(rows, (size_t)t * LANES);
    lanes weight = weights != NULL ? get(whole, weights + t * LANES, here, 0)
                   : whole         ? splat(1)
                                   : get(0, ones, here < LANES ? here : LANES, 0);
    *least = choose(z[t] < *least, z[t], *least);
    lanes part = weight * (u->shift + (shift[t] + logarithm(z[t])));
    share[t] = weight / z[t];
    add_exactly(tile->loglik, part);
    tile->magnitude += absolute(part);
  }
  for (size_t c = 0; c < u->k; c++) {
    lanes n = splat(0), first = splat(0), second = splat(0);
    EACH_VECTOR {
      lanes r = *(stored *)(u->e + c * TILE_ROWS + t * LANES) * share[t], offset = x[t] - u->mean[c];
      n += r;
      r *= offset;
      first += r;
      second += r * offset;
    }
    u->stats[3 * c] += n;
    u->stats[3 * c + 1] += first;
    u->stats[3 * c + 2] += second;
  }
}

/* The components within reach of the block's range: a logit that is everywhere 60 nats below another one's
   changes nothing that a double can hold. */
INLINE void NAMED(univariate_select)(size_t b, const double *x, size_t k, const double *terms,
                                     size_t *active, struct NAMED(univariate) * u) {
  lanes lows = splat(x[0]), highs = lows;
  for (size_t i = 0; i < b; i += LANES) {
    lanes here = get(0, x + i, b - i, x[0]);
    lows = choose(here < lows, here, lows);
    highs = greater(here, highs);
  }
  double low = lows[0], high = highs[0], floor = -INFINITY;
  for (int l = 1; l < LANES; l++) {
    low = lows[l] < low ? lows[l] : low;
    high = highs[l] > high ? highs[l] : high;
  }
  for (size_t c = 0; c < k; c++) {
    double mean = terms[3 * c], far = mean - low > high - mean ? mean - low : high - mean;
    double worst = terms[3 * c + 2] + terms[3 * c + 1] * far * far;
    floor = worst > floor ? worst : floor;
  }
  u->k = 0;
  u->shift = -INFINITY;
  for (size_t c = 0; c < k; c++) {
    double mean = terms[3 * c], near = mean < low ? low - mean : mean > high ? mean - high : 0;
    if (terms[3 * c + 2] + terms[3 * c + 1] * near * near < floor - 60) continue;
    u->mean[u->k] = mean;
    u->curvature[u->k] = terms[3 * c + 1];
    u->constant[u->k] = terms[3 * c + 2];
    u->shift = terms[3 * c + 2] > u->shift ? terms[3 * c + 2] : u->shift;
    active[u->k++] = c;
  }
  for (size_t a = 0; a < u->k; a++) u->constant[a] -= u->shift;
}

INLINE void NAMED(univariate_rows)(int own_maximum, size_t b, const double *x, const double *weights,
                                   struct NAMED(univariate) * u, lanes *least,
                                   struct NAMED(tile_sums) * tile) {
  memset(u->stats, 0, 3 * u->k * sizeof *u->stats);
  for (size_t i = 0; i < b; i += TILE_ROWS) {
    const double *w = weights != NULL ? weights + i : NULL;
    if (b - i >= TILE_ROWS)
      NAMED(univariate_tile)(1, own_maximum, TILE_ROWS, x + i, w, u, least, tile);
    else
      NAMED(univariate_tile)(0, own_maximum, b - i, x + i, w, u, least, tile);
  }
}

TARGET static void NAMED(univariate)(size_t b, size_t k, const double *x, const double *weights,
                                     const double *terms, double *stats, struct emblas_block_sums *to,
                                     double *scratch) {
  size_t *active = (size_t *)scratch;
  struct NAMED(univariate) u = {.mean = scratch + k,
                                .curvature = scratch + 2 * k,
                                .constant = scratch + 3 * k,
                                .e = scratch + 4 * k,
                                .stats = (stored *)(scratch + (4 + TILE_ROWS) * k)};
  struct NAMED(tile_sums) tile = {0};
  lanes least = splat(INFINITY);
  NAMED(univariate_select)(b, x, k, terms, active, &u);
  NAMED(univariate_rows)(0, b, x, weights, &u, &least, &tile);
  int vanished = 0;
  for (int l = 0; l < LANES; l++) vanished |= !(least[l] > 0x1p-900);
  if (vanished) {
    tile = (struct NAMED(tile_sums)){0};
    NAMED(univariate_rows)(1, b, x, weights, &u, &least, &tile);
  }
  for (size_t a = 0; a < u.k; a++)
    for (size_t m = 0; m < 3; m++) stats[3 * active[a] + m] += sum_of_lanes(u.stats[3 * a + m]);
  NAMED(add_tile_sums)(&tile, to);
}
