// Keys of [input] and [events].
#include "clientele/data/events.h"
#include "clientele/data/source.h"

namespace clientele {

void InputSpec::visit(SpecVisitor& v) {
  v.field({.name = "file",
           .help = "HDF5 file of clients, or a list of files with the same columns that are read as one input; "
                   "relative to the job file."},
          file);
  v.field({.name = "layout", .help = "How the file is laid out: auto, matrix, columns, compound or anndata."}, layout);
  v.field({.name = "dataset", .help = "Path of the dataset or group to read; empty: found by itself."}, dataset);
  v.field({.name = "id",
           .help = "Name of the dataset, field or column of client ids; empty: client_id where there is one, else the "
                   "row number."},
          id);
  v.field({.name = "rows", .help = "[from, to): read only these rows, counted from 0; empty: all.", .low = 0}, rows);
}

void EventsSpec::visit(SpecVisitor& v) {
  v.field({.name = "file",
           .help = "HDF5 file of events, one row an event, or a list of files that are read as one log; relative to "
                   "the job file."},
          file);
  v.field({.name = "dataset", .help = "Path of the compound dataset or the group of columns; empty: found by itself."},
          dataset);
  v.field({.name = "client", .help = "Column of client ids, integers or texts."}, client);
  v.field({.name = "ts", .help = "Column of event times, integers in UTC seconds."}, ts);
  v.field({.name = "type", .help = "Column of event types; empty: none."}, type);
  v.field({.name = "category", .help = "Column of product categories; empty: none."}, category);
  v.field({.name = "channel", .help = "Column of channels; empty: none."}, channel);
  v.field({.name = "amount", .help = "Column of amounts, integers in minor units (cents); empty: none."}, amount);
  v.field({.name = "minor_digits", .help = "Money is amount / 10^minor_digits.", .low = 0, .high = 9}, minor_digits);
  v.field({.name = "qty", .help = "Column of quantities, integers; empty: none."}, qty);
  v.field({.name = "as_of",
           .help = "Time T that features look back from: ISO date (UTC midnight), date-time or seconds; empty: the day "
                   "after the last event."},
          as_of);
  v.field({.name = "window", .help = "Days before as_of that count; 0: all.", .low = 0, .high = 36500}, window);
  v.field({.name = "paying_only",
           .help = "Keeps only clients with a positive amount in the window; the others are counted and excluded."},
          paying_only);
}

}  // namespace clientele
