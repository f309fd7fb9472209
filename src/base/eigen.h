/* SPDX-License-Identifier: MIT */
#ifndef EMBLAS_EIGEN_H
#define EMBLAS_EIGEN_H

#include <stddef.h>

/* Eigenvalues and eigenvectors of a symmetric matrix, to roundings of the largest. a: d x d, both
   triangles; its diagonal becomes the eigenvalues, the rest is used up. v: d x d, row i the eigenvector of
   a[i, i]. */
void emblas_eigen_symmetric(size_t d, double *a, double *v);

/* The same for d <= EIGEN_SMALL, quickly, and to 2^-26 of the largest: rows have so many entries, those
   past d are 0. */
enum { EIGEN_SMALL = 12 };
void emblas_eigen_small(size_t d, double a[EIGEN_SMALL][EIGEN_SMALL], double v[EIGEN_SMALL][EIGEN_SMALL]);

#endif
