/* SPDX-License-Identifier: MIT */
/* What all pictures share: settings, title, panels, axes, colours. */
#include "picture.h"
#include "plot.h"

#include <math.h>

/* Okabe and Ito's palette without its yellow, which is too pale for lines, and with a grey; then others
   that are told from these and from each other by lightness as well as by hue. */
static const unsigned palette[PLOT_COLOURS] = {
    0x0072b2, 0xd55e00, 0x009e73, 0xcc79a7, 0xe69f00, 0x56b4e9, 0x6b6b6b, 0x7b3294, 0x8c510a, 0x7fbf3f,
    0xb2182b, 0x01564e, 0xff6fb7, 0x1f2f7c, 0xb8a04a, 0x2fb5ad, 0x5c3d1e, 0xf4845f, 0xa79fe0, 0x222222};

unsigned plot_colour(size_t component) {
  return palette[component % PLOT_COLOURS];
}

void plot_begin(FILE *script, const char *title, const char *note) {
  fputs("set multiplot\n"
        "set border 3 linewidth 0.8 linecolor rgb '#555555'\n"
        "set tics nomirror out scale 0.5 textcolor rgb '#333333'\n"
        "set grid back linetype 1 linewidth 0.4 linecolor rgb '#e4e4e4'\n"
        "set zero 0\n"
        "unset key\n"
        "set label 1 ",
        script);
  picture_text(script, title);
  fputs(" at screen 0.03, 0.965 left font ',15' textcolor rgb '#222222'\nset label 2 ", script);
  picture_text(script, note);
  fputs(" at screen 0.97, 0.018 right font ',10' textcolor rgb '#666666'\n", script);
}

void plot_end(FILE *script) {
  fputs("unset multiplot\n", script);
}

void plot_place(FILE *script, struct box box) {
  fprintf(script, "set lmargin at screen %.4f; set rmargin at screen %.4f\n", box.left, box.right);
  fprintf(script, "set bmargin at screen %.4f; set tmargin at screen %.4f\n", box.bottom, box.top);
}

void plot_number(FILE *script, double value) {
  char text[32];
  fputs(io_number_format(value, text), script);
  fputc(' ', script);
}

/* 1, 2 or 5 times a power of ten, at least `least`. */
static double nice_step(double least) {
  double power = pow(10, floor(log10(least))), digit = least / power;
  return power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
}

/* Labels keep off the corners of small panels, where they would run into those of the next. */
void plot_axis(FILE *script, char which, struct axis axis, int tics) {
  double range = axis.high - axis.low, size = fmax(fabs(axis.low), fabs(axis.high));
  int digits = (int)fmin(15, fmax(6, ceil(log10(size / range)) + 3)); /* as many as tell two tics apart */
  double wanted = tics ? fmax(2, tics * 6.0 / digits) : 4, edge = tics < 8 ? 0.06 * range : 0;
  double step = nice_step(range / wanted);
  fprintf(script, "set %crange [%.17g:%.17g]\n", which, axis.low, axis.high);
  fprintf(script, "set %ctics nomirror out scale 0.5\nset %ctics %.17g,%.17g,%.17g\n", which, which,
          ceil((axis.low + edge) / step) * step, step, axis.high - edge);
  if (tics)
    fprintf(script, "set format %c '%%.%dg'\n", which, digits);
  else
    fprintf(script, "set format %c ''\n", which);
}
