/* SPDX-License-Identifier: MIT */
#ifndef EMBLAS_EIGEN_H
#define EMBLAS_EIGEN_H

#include <stddef.h>

/* Eigenvalues and eigenvectors of a symmetric matrix, to roundings of the largest. a: d x d, both
   triangles; its diagonal becomes the eigenvalues, the rest is used up. v: d x d, row i the eigenvector of
   a[i, i]. */
void emblas_eigen_symmetric(size_t d, double *a, double *v);

#endif
