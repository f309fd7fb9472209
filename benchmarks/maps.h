/* SPDX-License-Identifier: MIT */
/* EM maps until a map changes the parameters by less than 1e-8, for models written with <emblas/em.h>. */
#ifndef MAPS_H
#define MAPS_H

#include "tally.h"

void maps_to_parameters(struct bench *bench, struct tally *tally);

#endif
