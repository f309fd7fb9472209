/* SPDX-License-Identifier: MIT */
/* quadratic: all of full covariances at once, its moments of the rows alone that a component owns, which
   are those that it cannot do without. Included by isa.h. */

/* A block's weighted responsibilities of one component, and the weights, NULL for ones. */
struct NAMED(shares) {
  size_t b;
  const double *r, *weights;
};

/* A bit for each row of the vector from row i on whose responsibility is not NEGLIGIBLE beside the row's
   weight, or not so beside `largest`, the component's largest one, which counts as VANISHING of the weight
   at least. What is left out with the others is in docs/numerics.md. NaN is not negligible. */
INLINE unsigned NAMED(owned)(int whole, const struct NAMED(shares) * s, size_t i, lanes largest) {
  lanes weight = s->weights != NULL ? get(whole, s->weights + i, s->b - i, 1) : splat(1);
  lanes beside = -greater(-greater(largest, VANISHING * weight), -weight);
  return lanes_set(~(get(whole, s->r + i, s->b - i, 0) <= NEGLIGIBLE * beside));
}

/* Are more than `most` of b rows owned, by the look of the first, whatever the largest responsibility is?
 */
INLINE int NAMED(mostly_owned)(const struct NAMED(shares) * s, size_t most) {
  size_t count = 0;
  if (s->b < TILE_ROWS) return 1; /* too few to gain by */
  EACH_VECTOR count += (size_t)__builtin_popcount(NAMED(owned)(1, s, (size_t)t * LANES, splat(INFINITY)));
  return count * s->b > most * TILE_ROWS;
}

INLINE lanes NAMED(largest_share)(size_t b, const double *r) {
  lanes most[2] = {splat(0), splat(0)};
  size_t i = 0;
  for (; i + 2 * LANES <= b; i += 2 * LANES) {
    most[0] = greater(*(const stored *)(r + i), most[0]);
    most[1] = greater(*(const stored *)(r + i + LANES), most[1]);
  }
  for (; i < b; i += LANES) most[0] = greater(get(0, r + i, b - i, 0), most[0]);
  return splat(largest_of_lanes(greater(most[0], most[1])));
}

/* A vector's rows that are owned come to the columns of y, from row `to` on, and their r to `share`. */
INLINE void NAMED(gather_vector)(int whole, unsigned set, const struct NAMED(scattered) * s, size_t i,
                                 double *share, size_t apart, size_t to) {
  *(stored *)(share + to) = compressed(set, get(whole, s->r + i, s->b - i, 0));
  for (size_t j = 0; j < s->d; j++)
    *(stored *)(s->y + j * apart + to) = compressed(set, get(whole, s->x + j * s->stride + i, s->b - i, 0));
}

/* The block becomes one of the rows that its component owns, where these are so few that it pays: a
   gathered row costs d moves, and saves d^2 / 2 products. Their x come to where x - mean will be, and their
   r behind w: columns are shorter then, and the scratch has room for one more. */
INLINE void NAMED(gather_owned)(const double *weights, struct NAMED(scattered) * s) {
  const struct NAMED(shares) shares = {s->b, s->r, weights};
  size_t most = s->b * s->d / (s->d + 16), apart = most + 2 * LANES, count = 0, i = 0;
  double *share = s->y + (s->d + 4) * apart;
  if (NAMED(mostly_owned)(&shares, most)) return;
  lanes largest = NAMED(largest_share)(s->b, s->r);
  for (; i < s->b && count <= most; i += LANES) {
    int whole = s->b - i >= LANES;
    unsigned set = whole ? NAMED(owned)(1, &shares, i, largest) : NAMED(owned)(0, &shares, i, largest);
    if (set == 0) continue;
    if (whole)
      NAMED(gather_vector)(1, set, s, i, share, apart, count);
    else
      NAMED(gather_vector)(0, set, s, i, share, apart, count);
    count += (size_t)__builtin_popcount(set);
  }
  if (count > most) return;
  s->b = count, s->r = share, s->x = s->y, s->stride = s->apart = apart, s->w = s->y + s->d * apart;
}

/* quadratic_moments without the rows that change nothing. With few columns the choice costs what it saves.
 */
INLINE void NAMED(owned_moments)(size_t b, size_t stride, const struct emblas_normals *normals,
                                 const double *r, const double *x, const double *weights, double *scratch,
                                 double *s) {
  for (size_t i = 0, rows = NAMED(slice_rows)(b, normals->d); i < b; i += rows)
    for (size_t c = 0; c < normals->k; c++) {
      struct NAMED(scattered) block =
          NAMED(scattered_by)(b - i < rows ? b - i : rows, stride, normals, c, r + i, x + i, scratch, s);
      if (normals->d > 4) NAMED(gather_owned)(weights != NULL ? weights + i : NULL, &block);
      if (block.b > 0) NAMED(moments_of_one)(&block);
    }
}

/* The block's responsibilities stay in the cache from one kernel to the next. */
TARGET static void NAMED(quadratic)(size_t b, size_t stride, const struct emblas_normals *normals,
                                    const double *x, const double *weights, struct emblas_ahead ahead,
                                    double *r, double *scratch, double *stats,
                                    struct emblas_block_sums *sums) {
  NAMED(quadratic_logits)(b, stride, normals, x, scratch, r);
  NAMED(bayes)(b, stride, normals->k, r, weights, ahead, sums);
  NAMED(owned_moments)(b, stride, normals, r, x, weights, scratch, stats);
}
