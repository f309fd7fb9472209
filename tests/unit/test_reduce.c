/* SPDX-License-Identifier: MIT */
#include "walk/reduce.h"

#include <criterion/criterion.h>

/* The sum of leaves from .. from + count of the tree over [0, size), size a power of two. */
static double tree(const double *leaves, size_t from, size_t size, size_t count) {
  if (from >= count) return 0;
  if (size == 1) return leaves[from];
  double left = tree(leaves, from, size / 2, count), right = tree(leaves, from + size / 2, size / 2, count);
  return from + size / 2 >= count ? left : left + right;
}

/* Every leaf is counted once, for any number of leaves; and full subtrees are added as a tree, bit for bit.
 */
Test(reduce, is_a_tree) {
  enum { MOST = 67 };
  double leaves[MOST];
  for (size_t i = 0; i < MOST; i++) leaves[i] = 1.0 / (double)(3 * i + 1);
  for (size_t count = 1; count <= MOST; count++) {
    struct arena arena;
    struct reduction reduction;
    emblas_arena_init(&arena, (struct emblas_allocator){0});
    emblas_reduction_allocate(&reduction, &arena, 2, count);
    emblas_reduction_start(&reduction);
    for (size_t i = 0; i < count; i++) {
      reduction.leaf[0] = leaves[i];
      reduction.leaf[1] = (double)(1 + i);
      emblas_reduction_add(&reduction, 1);
    }
    emblas_reduction_finish(&reduction);
    cr_assert_eq(reduction.leaf[1], (double)(count * (count + 1) / 2));
    if ((count & (count - 1)) == 0) cr_assert_eq(reduction.leaf[0], tree(leaves, 0, count, count));
    emblas_arena_free(&arena);
  }
}
