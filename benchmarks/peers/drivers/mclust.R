# SPDX-License-Identifier: MIT
# mclust: an E step from the start, then me(), whose iteration is an M step and an E step.
folder <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)[1]))
source(file.path(folder, "protocol.R"))
suppressPackageStartupMessages(library(mclust))

start_parameters <- function(p) {
  if (p$d == 1) {
    variance <- list(modelName = "V", d = 1, G = p$k, sigmasq = p$covariances[1, 1, ])
    return(list(pro = p$weights, mean = as.vector(p$means), variance = variance))
  }
  variance <- list(modelName = "VVV", d = p$d, G = p$k, sigma = p$covariances,
                   cholsigma = array(apply(p$covariances, 3, chol), dim(p$covariances)))
  if (p$diagonal) {
    variances <- apply(p$covariances, 3, diag) # d x k
    scale <- exp(colMeans(log(variances)))
    variance <- list(modelName = "VVI", d = p$d, G = p$k, scale = scale, shape = sweep(variances, 2, scale, "/"))
  }
  list(pro = p$weights, mean = p$means, variance = variance)
}

run <- function(p, maps) {
  x <- if (p$d == 1) p$x[, 1] else p$x
  parameters <- start_parameters(p)
  control <- if (is.null(maps)) emControl() else emControl(eps = 0, tol = c(0, 0), itmax = c(maps, maps))
  fit <- NULL
  seconds <- seconds_of(fit <- em(x, modelName = parameters$variance$modelName, parameters = parameters,
                                  control = control, warn = FALSE))
  list(maps = abs(attr(fit, "info")[["iterations"]]), seconds = seconds, loglik = fit$loglik)
}

driver_main(as.character(packageVersion("mclust")), run)
