// Depthwise 3x3 filters on one row of windows.
//
// The columns of some channels are gathered first: the values of the upper two rows in a word, as
// pairs.h has it, and the value of the third by itself. Then each window is three such columns.
//
// The weights of each 4 channels lie together. For each column of the filter there are 8 bytes,
// those of the upper two rows: of channels 0 and 1 the lower weights and then the upper ones, and
// the same of channels 2 and 3. Behind them are the weights of the third row, for each column
// those of 4 channels.
#ifndef CVL_FILTER3_H
#define CVL_FILTER3_H

#include "format.h"
#include "pairs.h"

#define CVL_FILTER3_CHANNELS 4
#define CVL_FILTER3_BYTES 36 // of their weights

// Scratch for each column: as many words.
#define CVL_FILTER3_COLUMN_WORDS 6

enum { CVL_ALL_ROWS, CVL_NO_TOP_ROW, CVL_NO_BOTTOM_ROW };

// filter3_armv6m.c reads it in this order.
typedef struct {
    uintptr_t rows[3];     // addresses of the rows; of one that is missing, the zero point
    uint32_t first;        // offset in the rows: the channel's value in the first column inside
    uint32_t span;         // bytes from there to behind the last column inside
    uint32_t step;         // bytes from column to column
    uint32_t before;       // columns of zero points before those inside
    uint32_t missing;      // CVL_ALL_ROWS ...
    uint32_t *scratch;     // CVL_FILTER3_COLUMN_WORDS for each column
    uint32_t columns;      // in all windows together
    uint32_t count;        // of windows
    uint32_t stride;       // columns from window to window: 1 or 2
    const int8_t *weights; // int8[channels / 4, CVL_FILTER3_BYTES]
    const cvl_scale_t *scales; // from that of `channel` on; each has a short form
    int8_t *out;
    uint32_t out_step;  // bytes from window to window
    uint32_t channel;   // the first that is made
    uint32_t end;       // behind the last
    int32_t zero_in;    // the zero point of the columns beside the image
    int32_t zero_point; // this and the clamps are for processors that take TFLM's way
    int32_t clamp_min;
    int32_t clamp_max;
} cvl_filter3_t;

// Makes the values of all windows in the channels.
CVL_HOT void cvl_make_filter3(const cvl_filter3_t *filter);

// The same in portable C, one channel after the other, with two words for each column.
CVL_HOT void cvl_make_filter3_singly(const cvl_filter3_t *filter);

// Puts zero points before and behind such columns inside the image, for all channels.
CVL_HOT void cvl_pad_filter3(const cvl_filter3_t *filter);

#endif
