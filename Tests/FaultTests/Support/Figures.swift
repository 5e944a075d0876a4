import Foundation
import TestSupport

/// A duration in milliseconds, for people.
func milliseconds(_ seconds: Double) -> String { String(format: "%.1f ms", seconds * 1e3) }

/// A duration in microseconds, for people.
func microseconds(_ seconds: Double) -> String { String(format: "%.0f us", seconds * 1e6) }

/// A share in percent, for people.
func percent(_ share: Double) -> String { String(format: "%.1f %%", share * 100) }

extension RawPeer {
    /// Has the end of this connection be a reset, which throws away what is on its way.
    func resetWhenClosed() {
        var now = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
    }
}
