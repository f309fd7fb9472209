/* SPDX-License-Identifier: MIT */
/* What can be drawn: a mixture with or without data, a criterion's curve, the course of a fit. */
#ifndef EMBLAS_CLI_PLOT_H
#define EMBLAS_CLI_PLOT_H

#include "fit.h"

/* ---- pictures: each function is a picture_writer, its context the struct before it ---- */

/* What the points of a picture say beside the label that their colour is. */
enum plot_show {
  PLOT_LABELS,
  PLOT_UNCERTAINTY, /* their size: the probability that the label is wrong */
  PLOT_OUTLIERS,    /* which are far from their component */
  PLOT_DENSITY      /* contours of the mixture's density in place of ellipses */
};

struct plot_mixture {
  const struct emblas_model *model;
  const char *const *names; /* one a column */
  const double *values;     /* rows x dim; NULL: the model alone */
  const double *weights;    /* rows, or NULL */
  const size_t *places;     /* rows: which row of the file each is, from 0; NULL: as they stand */
  size_t rows;
  size_t all;         /* of which these are a sample; 0: they are all */
  const char *source; /* where the rows are from, for the title */
  enum plot_show show;
  int ranged; /* 1-D: whether low and high are set, instead of the data's range */
  double low, high;
};
void plot_mixture(FILE *script, const void *context);

struct plot_mixtures { /* one beside the other, each in one dimension */
  const char *title;
  const struct plot_mixture *plots; /* source: the title of each */
  size_t count;
};
void plot_mixtures(FILE *script, const void *context);

struct plot_criterion {
  const struct search *search;
  enum emblas_criterion criterion;
};
void plot_criterion(FILE *script, const void *context);

/* context: struct emblas_report */
void plot_trace(FILE *script, const void *context);

/* ---- what they share (plot_style.c) ---- */

struct axis {
  double low, high;
};

/* A rectangle of the page, in fractions of it. */
struct box {
  double left, right, bottom, top;
};

/* Settings of every picture; a title in the upper left and a note, "" for none, in the lower right. */
void plot_begin(FILE *script, const char *title, const char *note);
void plot_end(FILE *script);
/* Where the next panel stands. */
void plot_place(FILE *script, struct box box);
/* Range and tics of an axis, 'x' or 'y', with about `tics` labels; no labels when it is 0. */
void plot_axis(FILE *script, char which, struct axis axis, int tics);
/* The colour of a component as 0xRRGGBB, safe for colour-blind eyes. */
unsigned plot_colour(size_t component);
/* Colours there are; components beyond them take them again. The colour of curves that are too many to be
   told apart, and that of their sum. */
enum { PLOT_COLOURS = 20, PLOT_CROWD = 0x7fa8c9, PLOT_TOTAL = 0x222222 };
/* The most components that the legend of a picture has room for: in one row, or in the empty half of a
 * matrix. */
enum { PLOT_LEGEND = 7 };
static inline size_t plot_legend_room(size_t dim) {
  return dim > 2 ? PLOT_COLOURS : PLOT_LEGEND;
}

/* A number to all its digits, and a blank. */
void plot_number(FILE *script, double value);

/* ---- panels of a mixture: each ends inside a plot command, for plot_legend() or a newline ---- */

/* Columns that are drawn of a model of many. */
enum { PLOT_COLUMNS = 10 };
/* plot_axis.c: the range of column j, of the data opened for two standard deviations round each mean. */
struct axis plot_column_axis(const struct plot_mixture *plot, size_t j);
/* The standard deviation of column j in component c; scratch: dim x dim. */
double plot_deviation(const struct emblas_model *model, size_t c, size_t j, double *scratch);
/* plot_histogram.c: column j with its density and that of each component, and a heading in the panel where
   it is not NULL. tag: names the data in the script. */
void plot_histogram(FILE *script, const struct plot_mixture *plot, size_t j, struct axis axis,
                    const char *heading, size_t tag);
/* plot_rows.c: the data block $rows: the first `columns` columns of `shown` rows, a colour by label, a
   size; of an outlier's picture also $far: columns, colour and row number of those that are far away,
   whichever are shown. Of one column the second is the uncertainty or the distance. Returns how many are
   far. */
size_t plot_rows(FILE *script, const struct plot_mixture *plot, size_t columns, size_t shown);
/* Columns a and b: $rows, which has `columns`, with ellipses of one and two sigma, and means. */
void plot_scatter(FILE *script, const struct plot_mixture *plot, size_t a, size_t b, size_t columns);

/* The shares of the mixture that its contours hold. */
static const double plot_shares[] = {0.25, 0.5, 0.75, 0.95, 0.99};
/* plot_density.c: the data block $contoursAB: lines of equal density of columns a and b that hold the
   shares of plot_shares; and these as a layer of a plot command. */
void plot_density(FILE *script, const struct plot_mixture *plot, size_t a, size_t b);
void plot_contours(FILE *script, size_t a, size_t b);

/* ---- histogram.c ---- */

struct histogram {
  size_t bins;
  double low, width; /* bin i covers low + [i, i + 1) width */
  double *density;
};
/* Of column j of rows x dim values; bins by the rule of Freedman and Diaconis, at most 200. whole: they are
   whole numbers. */
void histogram_make(struct histogram *histogram, const double *values, const double *weights, size_t rows,
                    size_t dim, size_t j, int whole);

/* Are the values of the model's rows whole numbers? */
static inline int plot_counts(const struct plot_mixture *plot) {
  return emblas_model_family(plot->model) == EMBLAS_POISSON;
}
void histogram_free(struct histogram *histogram);

/* Of rows that stay in their file so many are drawn. */
enum { PLOT_ROWS = 20000 };

#endif
