#pragma once

/// A descriptor that is none of the three standard streams, in the place of one that may be because they are closed:
/// what is written to a stream must not go there. An `opened` below 0 is the negated `errno`.
int cclient_behind_streams(int opened);
