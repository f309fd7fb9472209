/* SPDX-License-Identifier: MIT */
/* Models that are no Gaussian mixture, written with <emblas/em.h>, with known answers. */
#ifndef EM_MODELS_H
#define EM_MODELS_H

#include <emblas/em.h>

typedef emblas_status em_map(void *context, const double *theta, double *next,
                             struct emblas_em_value *value);

/* Plain EM for so many maps; or by a method, to the default stop. */
struct emblas_em_options plain_options(size_t maps);
struct emblas_em_options accelerated_options(enum emblas_acceleration method);

struct emblas_em_model em_model(size_t parameters, size_t weights, em_map *map, const void *context);

/* Fails the test where the run fails. */
struct emblas_em_result em_run(const struct emblas_em_model *model, const struct emblas_em_options *options,
                               double *theta);

/* Three coins (Li Hang): coin A (head with pi) chooses B (p) or C (q), whose side is seen. theta = pi, p,
   q; the context is a string of 0 and 1. */
em_map three_coins;

/* Two coins (Do and Batzoglou 2008): heads in five rows of ten tosses (the context), each of a coin chosen
   by even odds. */
em_map two_coins;

/* Linkage (Dempster, Laird, Rubin 1977): cells (1/2 + t/4, (1-t)/4, (1-t)/4, t/4), the first split in two.
   The context is the part of the way to the maximum of Q that an M step goes: below 1 it is a generalised
   EM. */
em_map linkage;

/* Two Poisson components (Hasselblad 1969): deaths of women over 80 in The Times. theta = p, 1-p, means;
   the context is two_poisson_days. */
em_map two_poisson;
extern const double two_poisson_days[10];

/* Probabilities by their logits, and the Poisson mixture's weights and means by their logarithms, as
   coordinates of a model. */
void coins_to_free(void *context, const double *theta, double *free);
int coins_from_free(void *context, const double *free, double *theta);
void linkage_to_free(void *context, const double *theta, double *free);
int linkage_from_free(void *context, const double *free, double *theta);
void poisson_to_free(void *context, const double *theta, double *free);
int poisson_from_free(void *context, const double *free, double *theta);

#endif
