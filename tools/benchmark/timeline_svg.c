/* SPDX-License-Identifier: MIT */
#include "tools/benchmark/timeline_svg.h"

#include <string.h>

/* In the picture's units, which are pixels where it is shown in its own size. */
#define WIDTH      960
#define HEIGHT     560
#define MARGIN     24
#define LABELS     84  /* left of a panel */
#define FIGURES    112 /* right of the large one */
#define TITLE_Y    36
#define LEGEND_Y   60
#define PHASE_SIZE 18
#define COLUMN     1   /* of a lane: one share */
#define LETTER     6.4 /* wide, about */

/* A stretch of time, and where it is drawn. */
struct panel {
    uint64_t from, to; /* µs */
    uint64_t tick;     /* µs from one mark of the axis to the next */
    int x, y, width;
    int lane; /* height of one */
};

static const char style[] = "<style>\n"
                            "text { font: 12px sans-serif; fill: #24292f }\n"
                            ".title { font-size: 16px; font-weight: bold }\n"
                            ".faint { fill: #57606a }\n"
                            ".end { text-anchor: end }\n"
                            ".middle { text-anchor: middle }\n"
                            ".page { fill: #ffffff }\n"
                            ".lane { fill: #f0f2f5 }\n"
                            ".axis { stroke: #8c959f; fill: none }\n"
                            ".grid { stroke: #8c959f; stroke-opacity: .35 }\n"
                            ".phase0 { fill: #d8dee6 } .phase1 { fill: #b9c4d0 }\n"
                            ".link { fill: #0969da } .erase { fill: #cf222e } .program { fill: #bf6a02 }\n"
                            ".read { fill: #1a7f37 } .CPU { fill: #8250df }\n"
                            "@media (prefers-color-scheme: dark) {\n"
                            "  text { fill: #e6edf3 } .faint { fill: #9ba6b2 }\n"
                            "  .page { fill: #0d1117 } .lane { fill: #1b222c }\n"
                            "  .phase0 { fill: #2f3947 } .phase1 { fill: #455264 }\n"
                            "  .link { fill: #58a6ff } .erase { fill: #ff7b72 } .program { fill: #e3a13b }\n"
                            "  .read { fill: #56d364 } .CPU { fill: #bc8cff }\n"
                            "}\n"
                            "</style>\n";

static double x_of(const struct panel *panel, uint64_t us)
{
    return panel->x + (double)(us - panel->from) * panel->width / (double)(panel->to - panel->from);
}

static int bottom_of(const struct panel *panel)
{
    return panel->y + PHASE_SIZE + BOARD_ACTIVITY_COUNT * panel->lane;
}

static uint64_t clamp(const struct panel *panel, uint64_t us)
{
    return us < panel->from ? panel->from : us > panel->to ? panel->to : us;
}

static void draw_phase(FILE *out, const struct panel *panel, enum timeline_phase phase, uint64_t from, uint64_t to)
{
    double left = x_of(panel, clamp(panel, from)), right = x_of(panel, clamp(panel, to));
    const char *name = timeline_phase_name(phase);
    if (right - left < 0.05)
        return;
    fprintf(out, "<rect class=\"phase%d\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>\n", phase % 2, left,
            panel->y, right - left, PHASE_SIZE);
    if (right - left > LETTER * (double)strlen(name) + 4)
        fprintf(out, "<text class=\"middle\" x=\"%.1f\" y=\"%d\">%s</text>\n", (left + right) / 2, panel->y + 13, name);
}

static void draw_phases(FILE *out, const struct panel *panel, const struct timeline *timeline)
{
    uint64_t from = 0;
    for (enum timeline_phase phase = 0; phase < TIMELINE_PHASE_COUNT; phase++) {
        uint64_t to = from + timeline->phase_us[phase];
        draw_phase(out, panel, phase, from, to);
        from = to;
    }
}

/* The time at the left edge of a column, in whole cells. */
static uint64_t column_time(const struct panel *panel, int column)
{
    uint64_t us = panel->from + (panel->to - panel->from) * (uint64_t)column / (uint64_t)panel->width;
    return us - us % TIMELINE_CELL_US;
}

/* The share of each column as its height over the lane's floor. */
static void draw_shares(FILE *out, const struct panel *panel, const struct timeline *timeline,
                        enum board_activity activity, int floor)
{
    int most = panel->lane - 6, last = 0;
    fprintf(out, "<path class=\"%s\" d=\"M%d %d", timeline_activity_name(activity), panel->x, floor);
    for (int column = 0; column < panel->width; column += COLUMN) {
        uint64_t from = column_time(panel, column), to = column_time(panel, column + COLUMN);
        int tenths = (int)(timeline_share(timeline, activity, from, to) * most * 10 + 0.5);
        if (tenths != last)
            fprintf(out, "H%dV%.1f", panel->x + column, floor - tenths / 10.0);
        last = tenths;
    }
    fprintf(out, "H%dV%dz\"/>\n", panel->x + panel->width, floor);
}

static void draw_lane(FILE *out, const struct panel *panel, const struct timeline *timeline,
                      enum board_activity activity)
{
    int floor = panel->y + PHASE_SIZE + ((int)activity + 1) * panel->lane;
    const char *name = timeline_activity_name(activity);
    fprintf(out, "<rect class=\"lane\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>\n", panel->x,
            floor - panel->lane + 6, panel->width, panel->lane - 6);
    fprintf(out, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"10\" height=\"10\"/>\n", name, panel->x - LABELS + 8,
            floor - panel->lane / 2 - 2);
    fprintf(out, "<text x=\"%d\" y=\"%d\">%s</text>\n", panel->x - LABELS + 24, floor - panel->lane / 2 + 7, name);
    draw_shares(out, panel, timeline, activity, floor);
}

static void draw_axis(FILE *out, const struct panel *panel)
{
    int bottom = bottom_of(panel);
    int decimals = panel->tick < 1000000;
    fprintf(out, "<path class=\"axis\" d=\"M%d %dH%d\"/>\n", panel->x, bottom, panel->x + panel->width);
    for (uint64_t us = (panel->from + panel->tick - 1) / panel->tick * panel->tick; us <= panel->to;
         us += panel->tick) {
        double x = x_of(panel, us);
        fprintf(out, "<path class=\"grid\" d=\"M%.1f %dV%d\"/>\n", x, panel->y + PHASE_SIZE, bottom + 4);
        fprintf(out, "<text class=\"faint middle\" x=\"%.1f\" y=\"%d\">%.*f s</text>\n", x, bottom + 18, decimals,
                (double)us / 1e6);
    }
}

static void draw_panel(FILE *out, const struct panel *panel, const struct timeline *timeline)
{
    draw_phases(out, panel, timeline);
    for (enum board_activity activity = 0; activity < BOARD_ACTIVITY_COUNT; activity++)
        draw_lane(out, panel, timeline, activity);
    draw_axis(out, panel);
}

/* How long each activity lasted, right of its lane. */
static void draw_figures(FILE *out, const struct panel *panel, const struct timeline *timeline)
{
    fprintf(out, "<text class=\"faint end\" x=\"%d\" y=\"%d\">at work</text>\n", WIDTH - MARGIN, panel->y + 13);
    for (enum board_activity activity = 0; activity < BOARD_ACTIVITY_COUNT; activity++) {
        double seconds = (double)timeline->busy_ns[activity] / 1e9;
        fprintf(out, "<text class=\"end\" x=\"%d\" y=\"%d\">%.2f s, %.0f %%</text>\n", WIDTH - MARGIN,
                panel->y + PHASE_SIZE + ((int)activity + 1) * panel->lane - panel->lane / 2 + 7, seconds,
                seconds * 1e8 / (double)timeline_end(timeline));
    }
}

static void draw_legend(FILE *out, const struct timeline *timeline)
{
    fprintf(out, "<text class=\"faint\" x=\"%d\" y=\"%d\">", MARGIN, LEGEND_Y);
    for (enum timeline_phase phase = 0; phase < TIMELINE_PHASE_COUNT; phase++)
        fprintf(out, "%s %.2f s%s", timeline_phase_name(phase), (double)timeline->phase_us[phase] / 1e6,
                phase + 1 < TIMELINE_PHASE_COUNT ? ", " : "");
    fprintf(out, ". A lane's height is the share of the time in which it is at work.</text>\n");
}

static void draw_heading(FILE *out, const struct panel *panel, const char *text)
{
    fprintf(out, "<text class=\"faint\" x=\"%d\" y=\"%d\">%s</text>\n", panel->x, panel->y - 8, text);
}

void timeline_svg(FILE *out, const struct timeline *timeline, const char *title)
{
    uint64_t end = timeline_end(timeline), detail = 500000;
    int half = (WIDTH - 2 * MARGIN) / 2;
    const struct panel whole = {0, end, 2000000, MARGIN + LABELS - 8, 84, WIDTH - 2 * MARGIN - LABELS - FIGURES + 8,
                                40},
                       beginning = {0, detail, 100000, MARGIN + LABELS - 8, 370, half - LABELS, 28},
                       last = {end - detail, end, 100000, MARGIN + half + LABELS, 370, half - LABELS, 28};
    fprintf(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\">\n",
        WIDTH, HEIGHT, WIDTH, HEIGHT);
    fprintf(out, "<title>%s</title>\n%s<rect class=\"page\" width=\"%d\" height=\"%d\"/>\n", title, style, WIDTH,
            HEIGHT);
    fprintf(out, "<text class=\"title\" x=\"%d\" y=\"%d\">%s: %.2f s</text>\n", MARGIN, TITLE_Y, title,
            (double)end / 1e6);
    draw_legend(out, timeline);
    draw_panel(out, &whole, timeline);
    draw_figures(out, &whole, timeline);
    draw_heading(out, &beginning, "The first half second");
    draw_panel(out, &beginning, timeline);
    draw_heading(out, &last, "The last half second");
    draw_panel(out, &last, timeline);
    fputs("</svg>\n", out);
}
