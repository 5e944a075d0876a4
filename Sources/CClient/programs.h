#pragma once

/// The keeper of `cclient_start` has ended. Returns `-ECHILD`, and in `*status` that of the daemon, as a shell shows
/// it; or why the daemon could not be run.
long cclient_keeper_ended(long keeper, int *status);
