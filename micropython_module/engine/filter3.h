// Depthwise 3x3 filters on one row of windows, channel by channel.
//
// A channel's columns are gathered first: of each, the values of the upper two rows in a word, as
// pairs.h has it, and the value of the third in the next. Then each window is three such columns.
#ifndef CVL_FILTER3_H
#define CVL_FILTER3_H

#include "format.h"
#include "pairs.h"

// Words of a channel's weights: for each column of the filter that for the upper two rows, then
// the weights of the third row in the lower three bytes.
#define CVL_FILTER3_WORDS 4

enum { CVL_ALL_ROWS, CVL_NO_TOP_ROW, CVL_NO_BOTTOM_ROW };

// filter3_armv6m.c reads it in this order.
typedef struct {
    uintptr_t rows[3];  // addresses of the rows; of one that is missing, the zero point
    uint32_t first;     // offset in the rows: the channel's value in the first column inside
    uint32_t span;      // bytes from there to behind the last column inside
    uint32_t step;      // bytes from column to column
    uint32_t *inside;   // where in `columns` these go; before and behind them are zero points
    uint32_t missing;   // CVL_ALL_ROWS ...
    uint32_t *columns;  // uint32[.., 2]
    uint32_t *sums;     // uint32[count]
    uint32_t *sums_end; // sums + count
    uint32_t stride;    // columns from window to window: 1 or 2
    const uint32_t *w;  // uint32[channels, CVL_FILTER3_WORDS]
    const cvl_scale_t *scales; // of all channels; each has a short form
    int8_t *out;               // of the first channel
    uint32_t out_step;         // bytes from window to window
    uint32_t channels;         // at least 1
    int32_t zero_point;        // this and the clamps are for processors that take TFLM's way
    int32_t clamp_min;
    int32_t clamp_max;
} cvl_filter3_t;

// Makes the values of all windows in the first `channels` channels.
void cvl_make_filter3(const cvl_filter3_t *filter);

#endif
