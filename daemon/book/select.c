/* SPDX-License-Identifier: MIT */
#include "daemon/book/select.h"

#include "daemon/book/file.h"
#include "daemon/book/sql.h"
#include "proto/link/text.h"

#include <string.h>

#define SQL_MAX 3000

#define IMAGE "(SELECT id FROM images WHERE :image IN (md5, sha256))"

/* The order of an answer: by a time, and by what tells rows of the same time apart. */
enum { BY_START, BY_FIRST_SEEN, BY_LAST_SEEN, BY_LATEST_ATTEMPT };

static const struct order {
    const char *from, *time, *tie, *after_tie;
    const char *own;  /* the table whose slot, verdict and MAC have indexes in this order */
    const char *seen; /* the time that since and until are about */
} orders[] = {
    /* CROSS JOIN: SQLite keeps the order of the tables, and so the index that the rows come from in order. */
    [BY_START] = {"attempts a", "a.started", "a.id", ":after_id", "a", "a.started"},
    [BY_FIRST_SEEN] = {"units u CROSS JOIN attempts a ON a.id = u.last_attempt", "u.first_seen", "u.mac", ":after_mac",
                       "u", "u.last_seen"},
    [BY_LAST_SEEN] = {"units u CROSS JOIN attempts a ON a.id = u.last_attempt", "u.last_seen", "u.mac", ":after_mac",
                      "u", "u.last_seen"},
    [BY_LATEST_ATTEMPT] = {"attempts a CROSS JOIN units u ON u.mac = a.mac AND u.last_attempt = a.id", "a.started",
                           "a.id", ":after_id", "a", "u.last_seen"},
};

/* Whether the place to begin at is one end of the period. A condition for it beside that one would mislead SQLite in
 * the choice of the index. */
static bool begins_with_period(const struct order *order)
{
    return strcmp(order->time, order->seen) == 0;
}

/* Cause, image, operator and lot of a unit are those of its latest attempt. */
static const struct order *order_of(const struct book_filter *filter)
{
    if (!filter->units)
        return &orders[BY_START];
    if (filter->has_cause || filter->image[0] || filter->operator[0] || filter->lot[0])
        return &orders[BY_LATEST_ATTEMPT];
    if (filter->newest_first || filter->since || filter->until)
        return &orders[BY_LAST_SEEN];
    return &orders[BY_FIRST_SEEN];
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
static void add_equalities(char *sql, const struct book_filter *filter, const char *own)
{
    bool fails = filter->has_cause && filter->cause != CAUSE_NONE;
    bool rare = filter->has_verdict && filter->verdict != VERDICT_PASS;
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

static void print_sql(char *sql, const struct book_filter *filter)
{
    const struct order *order = order_of(filter);
    const char *way = filter->newest_first ? " DESC" : "";
    sql[0] = '\0';
    add(sql, "SELECT %s, %s, a.id, a.mac FROM %s LEFT JOIN images i ON i.id = a.image",
        filter->units ? BOOK_SELECT_UNITS : BOOK_SELECT_ATTEMPTS, order->time, order->from);
    add(sql, " WHERE (%s, %s) %c (:after, %s)", order->time, order->tie, filter->newest_first ? '<' : '>',
        order->after_tie);
    add_equalities(sql, filter, order->own);
    bool begins = begins_with_period(order);
    if (filter->since && !(begins && !filter->newest_first))
        add(sql, " AND %s >= :since", order->seen);
    if (filter->until && !(begins && filter->newest_first))
        add(sql, " AND %s < :until", order->seen);
    add(sql, " ORDER BY %s%s, %s%s LIMIT :rows", order->time, way, order->tie, way);
}

/* With the least id and the empty MAC: before all rows of that time. */
struct book_place book_select_begin(const struct book_filter *filter)
{
    const struct order *order = order_of(filter);
    struct book_place place = {.time = filter->newest_first ? INT64_MAX : INT64_MIN, .id = INT64_MIN};
    if (!begins_with_period(order))
        return place;
    if (filter->newest_first && filter->until)
        place.time = filter->until;
    if (!filter->newest_first && filter->since)
        place.time = filter->since;
    return place;
}

struct book_place book_select_behind(sqlite3_stmt *row)
{
    int n = sqlite3_column_count(row);
    struct book_place place = {.time = sqlite3_column_int64(row, n - 3), .id = sqlite3_column_int64(row, n - 2)};
    const char *mac = (const char *)sqlite3_column_text(row, n - 1);
    text_copy(place.mac, sizeof(place.mac), mac ? mac : "");
    return place;
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
