# SPDX-License-Identifier: MIT
# mixtools in one dimension: normalmixEM. (mvnormalmixEM walks over rows and pairs of components in R.)
folder <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)[1]))
source(file.path(folder, "protocol.R"))
suppressPackageStartupMessages(library(mixtools))

run <- function(p, maps) {
  stopifnot(p$d == 1)
  fit <- NULL
  invisible(capture.output(seconds <- seconds_of(
    fit <- normalmixEM(p$x[, 1], lambda = p$weights, mu = as.vector(p$means), sigma = sqrt(p$covariances[1, 1, ]),
                       k = p$k, epsilon = -1e9, maxit = maps, maxrestarts = 0))))
  list(maps = length(fit$all.loglik) - 1, seconds = seconds, loglik = fit$loglik)
}

driver_main(as.character(packageVersion("mixtools")), run)
