/// The registrations of one loop, by token: a place, and how often that place was used before.
///
/// The kernel may report an event for a descriptor that was closed a moment ago and whose number is another's by now. The
/// generation in the upper half of the token tells them apart.
struct RegistrationTable {
    private struct Place {
        var generation: UInt32 = 1
        var registration: Registration?
    }

    private var places: [Place] = []
    private var free: [UInt32] = []

    mutating func insert(_ registration: Registration) -> UInt64 {
        let index: UInt32
        if let reused = free.popLast() {
            index = reused
        } else {
            index = UInt32(places.count)
            places.append(Place())
        }
        places[Int(index)].registration = registration
        return UInt64(places[Int(index)].generation) << 32 | UInt64(index)
    }

    mutating func remove(_ token: UInt64) {
        let index = UInt32(truncatingIfNeeded: token)
        guard self[token] != nil else { return }
        places[Int(index)].registration = nil
        places[Int(index)].generation = max(1, places[Int(index)].generation &+ 1)
        free.append(index)
    }

    subscript(token: UInt64) -> Registration? {
        let index = Int(UInt32(truncatingIfNeeded: token))
        guard index < places.count, places[index].generation == UInt32(token >> 32) else { return nil }
        return places[index].registration
    }

    /// All that are there.
    var all: [Registration] { places.compactMap(\.registration) }
}
