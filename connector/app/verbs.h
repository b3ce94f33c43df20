/* What the files of the verbs share: each gives its options, its help and its function. */
#ifndef APP_VERBS_H
#define APP_VERBS_H

#include <stdio.h>
#include <string.h>

#include "mmsync/app.h"

#endif
