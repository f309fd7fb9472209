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

/* TILE vectors of rows, of which `rows` are there: three walks over k columns that stay in the first-level
   cache. Rows that are not there have the logits 0 and the weight 0. */
INLINE void NAMED(softmax_tile)(int whole, size_t rows, size_t stride, size_t k, double *l,
                                const double *weights, double *row_loglik, struct NAMED(tile_sums) * tile) {
  lanes max[TILE], z[TILE], expected[TILE], share[TILE], weight[TILE];
  EACH_VECTOR max[t] = get(whole, l + t * LANES, left(rows, (size_t)t * LANES), 0);
  for (size_t c = 1; c < k; c++)
    EACH_VECTOR max[t] =
        greater(get(whole, l + c * stride + t * LANES, left(rows, (size_t)t * LANES), 0), max[t]);
  EACH_VECTOR z[t] = expected[t] = splat(0);
  for (size_t c = 0; c < k; c++) {
    lanes distance[TILE], e[TILE];
    EACH_VECTOR distance[t] = e[t] =
        get(whole, l + c * stride + t * LANES, left(rows, (size_t)t * LANES), 0) - max[t];
    exponentials(e, -708);
    EACH_VECTOR z[t] += e[t];
    EACH_VECTOR expected[t] += e[t] * distance[t];
    EACH_VECTOR put(whole, l + c * stride + t * LANES, left(rows, (size_t)t * LANES), e[t]);
  }
  EACH_VECTOR {
    size_t here = left(rows, (size_t)t * LANES);
    lanes log_z = logarithm(z[t]), loglik = max[t] + log_z;
    weight[t] = weights != NULL ? get(whole, weights + t * LANES, here, 0)
                : whole         ? splat(1)
                                : get(0, ones, here < LANES ? here : LANES, 0);
    share[t] = weight[t] / z[t];
    if (row_loglik != NULL) put(whole, row_loglik + t * LANES, here, loglik);
    lanes part = weight[t] * loglik;
    add_exactly(tile->loglik, part);
    tile->magnitude += absolute(part);
    tile->q += weight[t] * max[t] + share[t] * expected[t];
    tile->hard -= weight[t] * log_z;
  }
  for (size_t c = 0; c < k; c++) EACH_VECTOR {
      size_t here = left(rows, (size_t)t * LANES);
      double *e = l + c * stride + t * LANES;
      put(whole, e, here, get(whole, e, here, 0) * share[t]);
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
