/*
 * What a dashboard asks: the samples of a site, as the text that Prometheus reads (exposition
 * format 0.0.4) and as JSON. One table says both. docs/monitoring.md has a row on each family.
 *
 * Layer: serve.
 */
#ifndef MMSYNC_METRICS_H
#define MMSYNC_METRICS_H

#include <stdint.h>

#include "mmsync/config.h"
#include "mmsync/err.h"
#include "mmsync/health.h"
#include "mmsync/json.h"
#include "mmsync/overview.h"
#include "mmsync/str.h"

/* What is shown; borrowed. */
struct mms_metrics_facts {
	const struct mms_config *config;
	const struct mms_overview *overview; /* with all of enum mms_overview_part */
	const struct mms_health *health;     /* judged over it                     */
	int64_t now_ms;
	int64_t taken_ms; /* how long it took to read all of it            */
};

/* Append the text; a failure is out's (mms_str_check()). */
void mms_metrics_add_text(struct mms_str *out, const struct mms_metrics_facts *facts);

/* The member "metrics" of an object: an array of families, values as text as Prometheus' API has them. */
void mms_metrics_put_json(struct mms_json *j, const struct mms_metrics_facts *facts);

#endif
