/* SPDX-License-Identifier: MIT */
/* The softmax of a block; lanes are rows. Included by isa.h. */

/* What a tile adds up, lane by lane. */
struct NAMED(tile_sums) {
  lanes loglik[2], magnitude, q, hard;
};

INLINE void NAMED(add_tile_sums)(const struct NAMED(tile_sums) * tile, struct emblas_block_sums *to) {
  for (int l = 0; l < LANES; l++) {
    sum_add(to->loglik, tile->loglik[0][l]);
    to->loglik[1] += tile->loglik[1][l];
  }
  to->magnitude += sum_of_lanes(tile->magnitude);
  to->q += sum_of_lanes(tile->q);
  to->hard += sum_of_lanes(tile->hard);
}

/* share = 1 / z of a whole tile with one quotient: no z is below 2^-200, and all of them are within range
   together. Returns their product. */
INLINE lanes NAMED(inverses)(const lanes *z, lanes *share) {
  lanes before[TILE], product = z[0];
  for (int t = 1; t < TILE; t++) {
    before[t] = product;
    product *= z[t];
  }
  lanes inverse = 1 / product;
  for (int t = TILE - 1; t > 0; t--) {
    share[t] = inverse * before[t];
    inverse *= z[t];
  }
  share[0] = inverse;
  return product;
}

/* log prod z of rows without a logarithm a row: the product's mantissa, and its exponents, whose sum is
   exact. */
struct NAMED(logarithms) {
  lanes product, exponents; /* prod z = product 2^exponents */
};

/* log prod z, in a part whose sums are exact and a small one. */
INLINE void NAMED(logarithms_of)(const struct NAMED(logarithms) * rows, lanes *high, lanes *low) {
  *high = rows->exponents * 0x1.62e42feep-1;
  *low = rows->exponents * 0x1.a39ef35793c76p-33 + logarithm(rows->product);
}

/* Returns the exponent that the rows' product adds. */
INLINE lanes NAMED(multiply_rows)(struct NAMED(logarithms) * rows, lanes product) {
  const int64_t exponent_of_1 = (int64_t)1023 << 52, fraction = ((int64_t)1 << 52) - 1;
  rows->product *= product;
  bits exponent = (bits)rows->product >> 52;
  rows->product = (lanes)(((bits)rows->product & fraction) | exponent_of_1);
  lanes n = (lanes)(exponent + (0x4338000000000000 - 1023)) - 0x1.8p52;
  rows->exponents += n;
  return n;
}

/* exp(l - max) of a tile's rows under one component, kept in l; z and sum exp(l - max) (l - max) grow. */
INLINE void NAMED(softmax_component)(int whole, size_t rows, double *l, const lanes *max, lanes *z,
                                     lanes *expected) {
  lanes e[TILE], distance[TILE];
  EACH_VECTOR distance[t] = e[t] = get(whole, l + t * LANES, left(rows, (size_t)t * LANES), 0) - max[t];
  exponentials(e, -708);
  EACH_VECTOR z[t] += e[t];
  EACH_VECTOR expected[t] += e[t] * distance[t];
  EACH_VECTOR put(whole, l + t * LANES, left(rows, (size_t)t * LANES), e[t]);
}

/* Rows that are not there have the logits 0 and the weight 0. */
INLINE void NAMED(softmax_exponentials)(int whole, size_t rows, size_t stride, size_t k, double *l,
                                        lanes *max, lanes *z, lanes *expected) {
  EACH_VECTOR max[t] = get(whole, l + t * LANES, left(rows, (size_t)t * LANES), 0);
  for (size_t c = 1; c < k; c++)
    EACH_VECTOR max[t] =
        greater(get(whole, l + c * stride + t * LANES, left(rows, (size_t)t * LANES), 0), max[t]);
  EACH_VECTOR z[t] = splat(0);
  for (size_t c = 0; c < k; c++) NAMED(softmax_component)(whole, rows, l + c * stride, max, z, expected);
}

INLINE void NAMED(softmax_scale)(int whole, size_t rows, size_t stride, size_t k, double *l,
                                 const lanes *share) {
  for (size_t c = 0; c < k; c++) EACH_VECTOR {
      size_t here = left(rows, (size_t)t * LANES);
      double *e = l + c * stride + t * LANES;
      put(whole, e, here, get(whole, e, here, 0) * share[t]);
    }
}

INLINE lanes NAMED(row_weights)(int whole, const double *weights, size_t t, size_t here) {
  return weights != NULL ? get(whole, weights + t * LANES, here, 0)
         : whole         ? splat(1)
                         : get(0, ones, here < LANES ? here : LANES, 0);
}

/* TILE vectors of rows, of which `rows` are there: three walks over k columns that stay in the first-level
   cache. */
INLINE void NAMED(softmax_tile)(int whole, size_t rows, size_t stride, size_t k, double *l,
                                const double *weights, double *row_loglik, struct NAMED(tile_sums) * tile) {
  lanes max[TILE], z[TILE], expected[TILE], share[TILE];
  EACH_VECTOR expected[t] = splat(0);
  NAMED(softmax_exponentials)(whole, rows, stride, k, l, max, z, expected);
  EACH_VECTOR {
    size_t here = left(rows, (size_t)t * LANES);
    lanes log_z = logarithm(z[t]), loglik = max[t] + log_z;
    lanes weight = NAMED(row_weights)(whole, weights, (size_t)t, here), part = weight * loglik;
    share[t] = weight / z[t];
    if (row_loglik != NULL) put(whole, row_loglik + t * LANES, here, loglik);
    add_exactly(tile->loglik, part);
    tile->magnitude += absolute(part);
    tile->q += weight * max[t] + share[t] * expected[t];
    tile->hard -= weight * log_z;
  }
  NAMED(softmax_scale)(whole, rows, stride, k, l, share);
}

/* The same without a logarithm a row where rows are whole and of weight 1 (for |max + log z| stands |max| +
   log z), and without the last walk: each row's exponentials are to be multiplied by its share. */
INLINE void NAMED(bayes_tile)(int whole, size_t rows, size_t stride, size_t k, double *l,
                              const double *weights, struct NAMED(logarithms) * logarithms,
                              struct NAMED(tile_sums) * tile, lanes *share) {
  lanes max[TILE], z[TILE], expected[TILE];
  EACH_VECTOR expected[t] = splat(0);
  NAMED(softmax_exponentials)(whole, rows, stride, k, l, max, z, expected);
  if (whole && weights == NULL) {
    NAMED(multiply_rows)(logarithms, NAMED(inverses)(z, share));
    EACH_VECTOR add_exactly(tile->loglik, max[t]);
    EACH_VECTOR tile->magnitude += absolute(max[t]);
    EACH_VECTOR tile->q += max[t] + share[t] * expected[t];
    return;
  }
  EACH_VECTOR {
    lanes weight = NAMED(row_weights)(whole, weights, (size_t)t, left(rows, (size_t)t * LANES));
    lanes log_z = logarithm(z[t]), part = weight * (max[t] + log_z);
    share[t] = weight / z[t];
    add_exactly(tile->loglik, part);
    tile->magnitude += absolute(part);
    tile->q += weight * max[t] + share[t] * expected[t];
    tile->hard -= weight * log_z;
  }
}

TARGET static void NAMED(softmax)(size_t b, size_t stride, size_t k, double *l, const double *weights,
                                  double *row_loglik, struct emblas_block_sums *to) {
  struct NAMED(tile_sums) tile = {0};
  for (size_t i = 0; i < b; i += TILE_ROWS) {
    const double *w = weights != NULL ? weights + i : NULL;
    double *row = row_loglik != NULL ? row_loglik + i : NULL;
    if (b - i >= TILE_ROWS)
      NAMED(softmax_tile)(1, TILE_ROWS, stride, k, l + i, w, row, &tile);
    else
      NAMED(softmax_tile)(0, b - i, stride, k, l + i, w, row, &tile);
  }
  NAMED(add_tile_sums)(&tile, to);
}

/* A tile's last walk waits until the next tile's exponentials are on their way, which the quotient does not
   hold up. */
TARGET static void NAMED(bayes)(size_t b, size_t stride, size_t k, double *l, const double *weights,
                                struct emblas_ahead ahead, struct emblas_block_sums *to) {
  struct NAMED(tile_sums) tile = {0};
  struct NAMED(logarithms) logarithms = {splat(1), splat(0)};
  lanes share[TILE], next[TILE];
  size_t i = 0;
  for (; i + TILE_ROWS <= b; i += TILE_ROWS) {
    NAMED(fetch)(ahead, i / TILE_ROWS, (b + TILE_ROWS - 1) / TILE_ROWS);
    NAMED(bayes_tile)
    (1, TILE_ROWS, stride, k, l + i, weights != NULL ? weights + i : NULL, &logarithms, &tile, next);
    if (i > 0) NAMED(softmax_scale)(1, TILE_ROWS, stride, k, l + i - TILE_ROWS, share);
    EACH_VECTOR share[t] = next[t];
  }
  if (i > 0) NAMED(softmax_scale)(1, TILE_ROWS, stride, k, l + i - TILE_ROWS, share);
  if (i < b) {
    const double *w = weights != NULL ? weights + i : NULL;
    NAMED(bayes_tile)(0, b - i, stride, k, l + i, w, &logarithms, &tile, share);
    NAMED(softmax_scale)(0, b - i, stride, k, l + i, share);
  }
  lanes highs, lows;
  NAMED(logarithms_of)(&logarithms, &highs, &lows);
  NAMED(add_tile_sums)(&tile, to);
  double high = sum_of_lanes(highs), low = sum_of_lanes(lows);
  sum_add(to->loglik, high);
  sum_add(to->loglik, low);
  to->magnitude += high + low;
  to->hard -= high + low;
}
