/* SPDX-License-Identifier: MIT */
/* The picture of a mixture: a histogram, points with ellipses, or a matrix of pairs, by its dimension. */
#include "picture.h"
#include "plot.h"

#include <stdlib.h>
#include <string.h>

static const struct box page = {0.14, 0.97, 0.135, 0.865};

/* Whether the picture is one of what is said of rows, even in one dimension. */
static int needs_rows(const struct plot_mixture *plot) {
  return plot->show == PLOT_UNCERTAINTY || plot->show == PLOT_OUTLIERS;
}

static void axis_label(FILE *script, char which, const char *name) {
  fprintf(script, "set %clabel ", which);
  picture_text(script, name);
  fputc('\n', script);
}

static void entry(FILE *script, unsigned colour, const char *title) {
  fprintf(script, ", \\\n  keyentry with lines linewidth 2 linecolor rgb '#%06x' title '%s'", colour,
          title);
}

/* Entries of the legend, appended to a plot command. */
static void legend(FILE *script, const struct plot_mixture *plot) {
  size_t k = emblas_model_components(plot->model);
  int density = emblas_model_dim(plot->model) != 2;
  size_t most = plot_legend_room(emblas_model_dim(plot->model));
  if (density) entry(script, PLOT_TOTAL, "mixture");
  if (density && k > most) entry(script, PLOT_CROWD, "each component");
  for (size_t c = 0; k <= most && c < k; c++) {
    char *title = print_string("%zu (%.3g %%)", c, 100 * emblas_model_weights(plot->model)[c]);
    entry(script, plot_colour(c), title);
    free(title);
  }
  fputc('\n', script);
}

/* In one row below the title. */
static void legend_above(FILE *script) {
  fputs("set key at screen 0.02, 0.94 left top horizontal Left reverse samplen 1.5 width 1 font ',11'\n",
        script);
}

/* In the empty upper triangle of the matrix: a panel of its own, as a key takes as many rows as its panel
   has room for. */
static void legend_beside(FILE *script, const struct plot_mixture *plot) {
  plot_place(script, (struct box){0.5, 0.965, 0.55, 0.9});
  fputs("set key at screen 0.965, 0.9 right top vertical Left reverse samplen 1.5 font ',11'\n"
        "unset border; unset tics; set xrange [0:1]; set yrange [0:1]\nplot NaN notitle",
        script);
  legend(script, plot);
  fputs("unset key; unset label; set border 3\n", script);
}

static void draw_one(FILE *script, const struct plot_mixture *plot) {
  struct axis axis = plot_column_axis(plot, 0);
  plot_place(script, page);
  legend_above(script);
  plot_axis(script, 'x', axis, 8);
  axis_label(script, 'x', plot->names[0]);
  axis_label(script, 'y', "density");
  plot_histogram(script, plot, 0, axis, NULL, 0);
  legend(script, plot);
}

/* One column against what is said of each row. */
static void draw_values(FILE *script, const struct plot_mixture *plot) {
  int far = plot->show == PLOT_OUTLIERS;
  plot_place(script, page);
  legend_above(script);
  plot_axis(script, 'x', plot_column_axis(plot, 0), 8);
  axis_label(script, 'x', plot->names[0]);
  axis_label(script, 'y', far ? "Mahalanobis distance" : "uncertainty");
  fputs("set yrange [0:*]\nset ytics autofreq\nset format y '%g'\n", script);
  fputs(
      "plot $rows using 1:2:4:3 with points pointtype 7 pointsize variable linecolor rgb variable notitle",
      script);
  if (far)
    fputs(", \\\n  $far using 1:2:3 with points pointtype 6 pointsize 1.1 linecolor rgb variable notitle"
          ", \\\n  $far using 1:2:4 with labels left offset 0.8,0.3 font ',10' notitle",
          script);
  legend(script, plot);
}

static void draw_two(FILE *script, const struct plot_mixture *plot) {
  if (plot->show == PLOT_DENSITY) plot_density(script, plot, 0, 1);
  plot_place(script, page);
  legend_above(script);
  for (size_t j = 0; j < 2; j++) {
    plot_axis(script, "xy"[j], plot_column_axis(plot, j), 8);
    axis_label(script, "xy"[j], plot -> names[j]);
  }
  plot_scatter(script, plot, 0, 1, 2);
  legend(script, plot);
}

static struct box cell(size_t columns, size_t row, size_t column) {
  const double width = (page.right - page.left) / (double)columns;
  const double height = (0.9 - page.bottom) / (double)columns, gap = 0.006;
  return (struct box){page.left + (double)column * width + gap,
                      page.left + (double)(column + 1) * width - gap,
                      0.9 - (double)(row + 1) * height + gap, 0.9 - (double)row * height - gap};
}

/* The lower triangle of a matrix of pairs: histograms on its diagonal; names on its rim, or in the diagonal
   where the rim has no room for them. */
static void draw_pairs(FILE *script, const struct plot_mixture *plot, size_t columns) {
  const int tics = columns > 6 ? 2 : columns > 4 ? 3 : 4, crowded = columns > 4;
  legend_beside(script, plot);
  for (size_t row = 0; row < columns; row++) {
    for (size_t column = 0; column <= row; column++) {
      struct axis x = plot_column_axis(plot, column);
      if (row != column && plot->show == PLOT_DENSITY) plot_density(script, plot, column, row);
      plot_place(script, cell(columns, row, column));
      plot_axis(script, 'x', x, row == columns - 1 ? tics : 0);
      axis_label(script, 'x', !crowded && row == columns - 1 ? plot->names[column] : "");
      axis_label(script, 'y', !crowded && column == 0 && row > 0 ? plot->names[row] : "");
      if (row == column) {
        fputs("unset ytics; set border 1\n", script);
        plot_histogram(script, plot, column, x, crowded ? plot->names[column] : NULL, column);
        fputs("\nset border 3; unset label\n", script);
      } else {
        plot_axis(script, 'y', plot_column_axis(plot, row), column == 0 ? tics : 0);
        plot_scatter(script, plot, column, row, columns);
        fputc('\n', script);
      }
    }
  }
}

static char *title_of(const struct plot_mixture *plot) {
  const char *slash = strrchr(plot->source, '/');
  size_t k = emblas_model_components(plot->model);
  enum emblas_family family = emblas_model_family(plot->model);
  return print_string("%s: %zu component%s, %s%s", slash ? slash + 1 : plot->source, k, k == 1 ? "" : "s",
                      emblas_family_has_covariances(family) ? "covariance " : "",
                      components_name(family, emblas_model_covariance_model(plot->model)));
}

/* What the points or lines of the picture are. */
static char *key_of(const struct plot_mixture *plot, size_t far) {
  if (plot->show == PLOT_UNCERTAINTY) return print_string("size: how uncertain the label is");
  if (plot->show == PLOT_OUTLIERS)
    return print_string("%zu row%s far from the component of %s label", far, far == 1 ? "" : "s",
                        far == 1 ? "its" : "their");
  if (plot->show == PLOT_DENSITY && emblas_model_dim(plot->model) > 1)
    return print_string("contours hold 25, 50, 75, 95 and 99 %% of the mixture");
  return print_string("%s", "");
}

/* That, and what the picture leaves out. */
static char *note_of(const struct plot_mixture *plot, size_t columns, size_t shown, size_t far) {
  size_t dim = emblas_model_dim(plot->model), all = plot->all ? plot->all : plot->rows;
  char *parts[] = {
      key_of(plot, far),
      columns < dim ? print_string("first %zu of %zu columns", columns, dim) : print_string("%s", ""),
      shown < all && (dim > 1 || needs_rows(plot)) ? print_string("%zu of %zu rows drawn", shown, all)
                                                   : print_string("%s", ""),
  };
  char *note = print_string("%s", "");
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
    char *longer = print_string("%s%s%s", note, *note && *parts[i] ? "; " : "", parts[i]);
    free(note);
    free(parts[i]);
    note = longer;
  }
  return note;
}

void plot_mixture(FILE *script, const void *context) {
  const struct plot_mixture *plot = context;
  size_t dim = emblas_model_dim(plot->model), columns = dim < PLOT_COLUMNS ? dim : PLOT_COLUMNS, far = 0;
  size_t shown = plot->rows < PLOT_ROWS ? plot->rows : PLOT_ROWS;
  if (plot->values && (dim > 1 || needs_rows(plot))) far = plot_rows(script, plot, columns, shown);
  char *title = title_of(plot), *note = note_of(plot, columns, shown, far);
  plot_begin(script, title, note);
  if (dim == 1 && needs_rows(plot))
    draw_values(script, plot);
  else if (dim == 1)
    draw_one(script, plot);
  else if (dim == 2)
    draw_two(script, plot);
  else
    draw_pairs(script, plot, columns);
  plot_end(script);
  free(title);
  free(note);
}

void plot_mixtures(FILE *script, const void *context) {
  const struct plot_mixtures *plots = context;
  const double gap = 0.09, width = (page.right - page.left + gap) / (double)plots->count;
  plot_begin(script, plots->title, "");
  for (size_t i = 0; i < plots->count; i++) {
    const struct plot_mixture *plot = &plots->plots[i];
    struct axis axis = plot_column_axis(plot, 0);
    double left = page.left + (double)i * width;
    plot_place(script, (struct box){left, left + width - gap, page.bottom, page.top});
    plot_axis(script, 'x', axis, 4);
    axis_label(script, 'x', plot->names[0]);
    axis_label(script, 'y', i == 0 ? "density" : "");
    fputs("set title ", script);
    picture_text(script, plot->source);
    fputs(" font ',11'\n", script);
    plot_histogram(script, plot, 0, axis, NULL, i);
    fputs("\nunset label\n", script);
  }
  plot_end(script);
}
