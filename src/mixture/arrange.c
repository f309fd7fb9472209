/* SPDX-License-Identifier: MIT */
#include "arrange.h"

#include <string.h>

/* By what components are put in order, the least first. */
static double key_of(enum emblas_order order, const struct components *m, const double *theta, size_t c) {
  return order == EMBLAS_ORDER_WEIGHT ? -theta[c] : theta[m->k + c * m->d];
}

/* By insertion: the k^2 comparisons are nothing beside one map of EM, and equal components stay as they
 * are. */
void emblas_arrange_find(enum emblas_order order, const struct components *m, const double *theta,
                         size_t *places) {
  for (size_t c = 0; c < m->k; c++) {
    size_t place = c;
    for (; place > 0 && order != EMBLAS_ORDER_NONE; place--) {
      if (key_of(order, m, theta, places[place - 1]) <= key_of(order, m, theta, c)) break;
      places[place] = places[place - 1];
    }
    places[place] = c;
  }
}

void emblas_arrange_parameters(const struct components *m, const size_t *places, const double *theta,
                               double *to) {
  memcpy(to, theta, m->parameters * sizeof *to);
  for (size_t c = 0; c < m->k; c++) {
    if (places[c] == c) continue;
    to[c] = theta[places[c]];
    m->family->copy(m, theta, places[c], m, to, c);
  }
}

/* Each place in turn is swapped with the one where its content is by now, which earlier swaps may have
 * moved. */
void emblas_arrange_report(size_t k, size_t *places, unsigned *flags, struct emblas_component_rows *rows) {
  for (size_t c = 0; c < k; c++) {
    size_t from = places[c];
    while (from < c) from = places[from];
    places[c] = from;
    unsigned flag = flags[c];
    flags[c] = flags[from];
    flags[from] = flag;
    if (rows == NULL) continue;
    struct emblas_component_rows row = rows[c];
    rows[c] = rows[from];
    rows[from] = row;
  }
}
