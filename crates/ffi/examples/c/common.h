/* What the examples share: texts, files in fixed memory, and a way to stop. */
#ifndef EXAMPLE_COMMON_H
#define EXAMPLE_COMMON_H

#include "ai_audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The largest file that the examples read. */
#define MAX_FILE (1024 * 1024)

static inline AiAuditText text(const char *string) {
    AiAuditText made;
    made.data = string;
    made.len = strlen(string);
    return made;
}

/* Stops the program where a call that must not fail did. */
static inline void must(const char *what, AiAuditStatus status) {
    if (status != AI_AUDIT_STATUS_OK) {
        fprintf(stderr, "%s: %s\n", what, ai_audit_status_text(status));
        exit(2);
    }
}

/* Reads a file as a whole into `bytes`, which has MAX_FILE of them. */
static inline size_t read_file(const char *path, uint8_t *bytes) {
    FILE *file = fopen(path, "rb");
    size_t len;
    if (file == NULL) {
        perror(path);
        exit(2);
    }
    len = fread(bytes, 1, MAX_FILE, file);
    if (ferror(file) || !feof(file)) {
        fprintf(stderr, "%s: cannot be read, or is longer than %d bytes\n", path, MAX_FILE);
        exit(2);
    }
    fclose(file);
    return len;
}

#endif
