/* SPDX-License-Identifier: MIT */
/* One dimension: logits, softmax and statistics of a block in one sweep; lanes are rows. Included by isa.h.

   The logit constant - (x - mean)^2 / (2 sigma^2) has its moments about the component's own mean, so
   nothing cancels. Exponentials are shifted by the largest constant, which no logit exceeds; only a block
   with a row for which they vanish is done again with that row's own maximum. Exponentials
   below e^-600, which are nothing beside the others, are 0: products with them would be subnormal numbers,
   with which processors are slow. */

/* Of the components, those that count in this block, as arrays, and the lanes' partial statistics. */
struct NAMED(univariate) {
  size_t k;
  double *mean, *curvature, *constant; /* curvature = -1 / (2 sigma^2); constants less the shift */
  double *e;                           /* k x TILE_ROWS: exponentials of a tile */
  stored *stats;                       /* k x 3 */
  double shift, lowest;                /* the largest constant; the least of the logits that are left */
  struct NAMED(logarithms) logarithms; /* of rows so far */
};

/* The tile's logits of a component, from its rows' distances. */
INLINE void NAMED(univariate_logits)(const struct NAMED(univariate) * u, size_t c, const lanes *x,
                                     lanes *l) {
  EACH_VECTOR l[t] = x[t] - u->mean[c];
  EACH_VECTOR l[t] = l[t] * l[t];
  EACH_VECTOR l[t] = l[t] * u->curvature[c] + u->constant[c];
}

/* log prod z of a whole tile's rows, whose shifts add up to `shifts`. */
INLINE void NAMED(univariate_multiply)(struct NAMED(univariate) * u, lanes product, lanes shifts,
                                       struct NAMED(tile_sums) * tile) {
  lanes n = NAMED(multiply_rows)(&u->logarithms, product);
  add_exactly(tile->loglik, shifts);
  tile->magnitude += absolute(shifts + n * 0x1.62e42fefa39efp-1);
}

INLINE void NAMED(univariate_tile)(int whole, enum shifts by, size_t rows, const double *values,
                                   const double *weights, struct NAMED(univariate) * u, lanes *least,
                                   struct NAMED(tile_sums) * tile) {
  lanes x[TILE], z[TILE], shift[TILE], share[TILE];
  EACH_VECTOR x[t] = get(whole, values + t * LANES, left(rows, (size_t)t * LANES), values[0]);
  EACH_VECTOR shift[t] = splat(0);
  if (by == OWN_MAXIMUM) {
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
    if (by == OWN_MAXIMUM) EACH_VECTOR e[t] -= shift[t];
    exponentials(e, by == CONSTANT_NEAR ? -INFINITY : LEAST_LOGIT);
    EACH_VECTOR z[t] += e[t];
    EACH_VECTOR *(stored *)(u->e + c * TILE_ROWS + t * LANES) = e[t];
  }
  EACH_VECTOR *least = choose(z[t] < *least, z[t], *least);
  if (whole && weights == NULL) {
    lanes shifts = splat(TILE * u->shift);
    if (by == OWN_MAXIMUM) EACH_VECTOR shifts += shift[t];
    NAMED(univariate_multiply)(u, NAMED(inverses)(z, share), shifts, tile);
  } else {
    EACH_VECTOR {
      size_t here = left(rows, (size_t)t * LANES);
      lanes weight = weights != NULL ? get(whole, weights + t * LANES, here, 0)
                                     : get(0, ones, here < LANES ? here : LANES, 0);
      lanes part = weight * (u->shift + (shift[t] + logarithm(z[t])));
      share[t] = weight / z[t];
      add_exactly(tile->loglik, part);
      tile->magnitude += absolute(part);
    }
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

INLINE void NAMED(range)(size_t b, const double *x, double *low, double *high) {
  lanes lows = splat(x[0]), highs = lows;
  size_t whole = b / LANES * LANES;
  for (size_t i = 0; i < whole; i += LANES) {
    lanes here = *(const stored *)(x + i);
    lows = choose(here < lows, here, lows);
    highs = choose(here > highs, here, highs);
  }
  *low = *high = x[0];
  for (int l = 0; l < LANES; l++) {
    *low = lows[l] < *low ? lows[l] : *low;
    *high = highs[l] > *high ? highs[l] : *high;
  }
  for (size_t i = whole; i < b; i++) {
    *low = x[i] < *low ? x[i] : *low;
    *high = x[i] > *high ? x[i] : *high;
  }
}

/* The components within reach of the block's range: a logit that is everywhere 60 nats below another one's
   changes nothing that a double can hold. */
INLINE void NAMED(univariate_select)(size_t b, const double *x, size_t k, const double *terms,
                                     size_t *active, struct NAMED(univariate) * u) {
  double low, high, floor = -INFINITY;
  NAMED(range)(b, x, &low, &high);
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
  u->lowest = INFINITY;
  for (size_t a = 0; a < u->k; a++) {
    double far = u->mean[a] - low > high - u->mean[a] ? u->mean[a] - low : high - u->mean[a];
    double logit = (u->constant[a] -= u->shift) + u->curvature[a] * far * far;
    u->lowest = logit < u->lowest ? logit : u->lowest;
  }
}

INLINE void NAMED(univariate_rows)(enum shifts by, size_t b, const double *x, const double *weights,
                                   struct NAMED(univariate) * u, lanes *least,
                                   struct NAMED(tile_sums) * tile) {
  memset(u->stats, 0, 3 * u->k * sizeof *u->stats);
  u->logarithms = (struct NAMED(logarithms)){splat(1), splat(0)};
  for (size_t i = 0; i < b; i += TILE_ROWS) {
    const double *w = weights != NULL ? weights + i : NULL;
    if (b - i >= TILE_ROWS)
      NAMED(univariate_tile)(1, by, TILE_ROWS, x + i, w, u, least, tile);
    else
      NAMED(univariate_tile)(0, by, b - i, x + i, w, u, least, tile);
  }
  if (weights == NULL) {
    lanes high, low;
    NAMED(logarithms_of)(&u->logarithms, &high, &low);
    add_exactly(tile->loglik, high);
    add_exactly(tile->loglik, low);
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
  if (u.lowest > LEAST_LOGIT)
    NAMED(univariate_rows)(CONSTANT_NEAR, b, x, weights, &u, &least, &tile);
  else
    NAMED(univariate_rows)(CONSTANT, b, x, weights, &u, &least, &tile);
  int vanished = 0;
  for (int l = 0; l < LANES; l++) vanished |= !(least[l] > 0x1p-200);
  if (vanished) {
    tile = (struct NAMED(tile_sums)){0};
    NAMED(univariate_rows)(OWN_MAXIMUM, b, x, weights, &u, &least, &tile);
  }
  for (size_t a = 0; a < u.k; a++)
    for (size_t m = 0; m < 3; m++) stats[3 * active[a] + m] += sum_of_lanes(u.stats[3 * a + m]);
  NAMED(add_tile_sums)(&tile, to);
}
