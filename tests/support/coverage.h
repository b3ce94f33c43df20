/*
 * What torture has covered: for each play of a story and each kind of fault how many points there are, how many were played and
 * survived; and a file of the plays that were survived, so that a torture that was broken off goes on. Shared by processes.
 */
#ifndef SUPPORT_COVERAGE_H
#define SUPPORT_COVERAGE_H

#include <stdbool.h>
#include <stdio.h>

#include "support/stories.h"

/* Kinds of mmsync/fault.h, and behind them two faults in one play. */
#define COVERAGE_PAIRS MMS_FAULT_KINDS
#define COVERAGE_KINDS (MMS_FAULT_KINDS + 1)

struct coverage;
/* A row for each of these plays; before workers are forked. Owns: coverage_free(). */
struct coverage *coverage_new(const struct stories *stories);
void coverage_free(struct coverage *coverage);
/* There are so many more points of that kind in this play. */
void coverage_add_points(struct coverage *coverage, size_t row, int kind, long n);
void coverage_add_play(struct coverage *coverage, size_t row, int kind, bool is_survived);
/* ... and so many in all plays. */
long coverage_points(const struct coverage *coverage, int kind);
/* A table: plays by kinds, each as "played/points", and what was not survived; then the same for each service. */
void coverage_tell(const struct coverage *coverage, FILE *out);

/*
 * The plays that were survived, a line each, for this program and these stories: with another program or another story the
 * file begins anew. NULL path: nothing is kept.
 */
struct ledger;
/* is_resumed: what the file has counts. Owns: ledger_close(). */
struct ledger *ledger_open(const char *path, bool is_resumed, const char *program);
void ledger_close(struct ledger *ledger);
bool ledger_has(const struct ledger *ledger, const char *play);
/* By any process at any time. */
void ledger_add(struct ledger *ledger, const char *play);

#endif
