/* SPDX-License-Identifier: MIT */
#include "daemon/book/select.h"

#include "daemon/book/file.h"
#include "daemon/book/sql.h"
#include "proto/link/text.h"

#include <string.h>

#define SQL_MAX 3000

#define IMAGE "(SELECT id FROM images WHERE :image IN (md5, sha256))"

bool book_select_by_last_seen(const struct book_filter *filter)
{
    return filter->newest_first || filter->since || filter->until;
}

__attribute__((format(printf, 2, 3))) static void add(char *sql, const char *format, ...)
{
    size_t len = strlen(sql);
    va_list arguments;
    va_start(arguments, format);
    text_vprint(sql + len, SQL_MAX - len, format, arguments);
    va_end(arguments);
}

/* The conditions on equality, those that select the fewest rows first: most boards pass. A '+' keeps SQLite from the
 * index of all but the first one, since it does not know how many rows each would give. */
static void add_equalities(char *sql, const struct book_filter *filter)
{
    bool fails = filter->has_cause && filter->cause != CAUSE_NONE;
    bool rare = filter->has_verdict && filter->verdict != VERDICT_PASS;
    const char *own = filter->units ? "u" : "a"; /* both tables have these columns */
    const struct {
        bool given;
        const char *table, *column, *value;
    } conditions[] = {
        {filter->id != 0, "a", "id", ":id"},
        {filter->mac[0], own, "mac", ":mac"},
        {filter->slot[0], own, "slot", ":slot"},
        {fails, "a", "cause", ":cause"},
        {rare, own, "verdict", ":verdict"},
        {filter->image[0], "a", "image", IMAGE},
        {filter->lot[0], "a", "lot", ":lot"},
        {filter->operator[0], "a", "operator", ":operator"},
        {filter->has_verdict && !rare, own, "verdict", ":verdict"},
        {filter->has_cause && !fails, "a", "cause", ":cause"},
    };
    bool indexed = false, by_slot = false;
    for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
        if (!conditions[i].given)
            continue;
        /* There is an index for a slot together with a verdict. */
        bool joins = by_slot && strcmp(conditions[i].column, "verdict") == 0;
        add(sql, " AND %s%s.%s = %s", indexed && !joins ? "+" : "", conditions[i].table, conditions[i].column,
            conditions[i].value);
        by_slot = by_slot || (!indexed && strcmp(conditions[i].column, "slot") == 0);
        indexed = true;
    }
}

/* Behind the last row, in the order of `time` and `tie`. The place to begin at has one end of the period in it; the
 * other end is a condition of its own. */
static void add_place(char *sql, const struct book_filter *filter, const char *time, const char *tie)
{
    add(sql, " AND (%s, %s) %c (:after, %s)", time, tie, filter->newest_first ? '<' : '>',
        filter->units ? ":after_mac" : ":after_id");
    if (filter->newest_first && filter->since)
        add(sql, " AND %s >= :since", time);
    if (!filter->newest_first && filter->until)
        add(sql, " AND %s < :until", time);
}

static void print_sql(char *sql, const struct book_filter *filter)
{
    const char *time = !filter->units ? "a.started" : book_select_by_last_seen(filter) ? "u.last_seen" : "u.first_seen";
    const char *tie = filter->units ? "u.mac" : "a.id";
    const char *way = filter->newest_first ? " DESC" : "";
    sql[0] = '\0';
    /* CROSS JOIN: SQLite keeps the order of the tables, and so the index that the rows come from in order. */
    add(sql, "SELECT %s LEFT JOIN images i ON i.id = a.image WHERE TRUE",
        filter->units ? BOOK_SELECT_UNITS " FROM units u CROSS JOIN attempts a ON a.id = u.last_attempt"
                      : BOOK_SELECT_ATTEMPTS " FROM attempts a");
    add_equalities(sql, filter);
    add_place(sql, filter, time, tie);
    add(sql, " ORDER BY %s%s, %s%s LIMIT :rows", time, way, tie, way);
}

sqlite3_stmt *book_select_rows(struct book_file *file, sqlite3 *db, const struct book_filter *filter,
                               const struct book_place *after, int64_t rows)
{
    char sql[SQL_MAX];
    sqlite3_stmt *s = NULL;
    print_sql(sql, filter);
    int rc = sqlite3_prepare_v2(db, sql, -1, &s, NULL);
    if (rc != SQLITE_OK) {
        book_file_explain(file, db, rc);
        return NULL;
    }
    book_sql_bind_integer(s, ":after", after->time);
    book_sql_bind_integer(s, ":after_id", after->id);
    book_sql_bind_text(s, ":after_mac", after->mac);
    book_sql_bind_integer(s, ":since", filter->since);
    book_sql_bind_integer(s, ":until", filter->until);
    book_sql_bind_text(s, ":slot", filter->slot);
    book_sql_bind_text(s, ":verdict", verdict_name(filter->verdict));
    if (filter->has_cause)
        book_sql_bind_text(s, ":cause", cause_code(filter->cause));
    book_sql_bind_text(s, ":image", filter->image);
    book_sql_bind_text(s, ":operator", filter->operator);
    book_sql_bind_text(s, ":lot", filter->lot);
    book_sql_bind_text(s, ":mac", filter->mac);
    book_sql_bind_integer(s, ":id", filter->id);
    book_sql_bind_integer(s, ":rows", rows);
    return s;
}
