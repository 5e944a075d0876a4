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

    /// Returns what had the token; nil where it is gone already.
    @discardableResult
    mutating func remove(_ token: UInt64) -> Registration? {
        guard let index = index(of: token) else { return nil }
        places[index].generation = max(1, places[index].generation &+ 1)
        free.append(UInt32(index))
        return places[index].registration.take()
    }

    subscript(token: UInt64) -> Registration? { index(of: token).flatMap { places[$0].registration } }

    /// Finds a registration without counting a reference to it.
    func unretained(_ token: UInt64) -> Unmanaged<Registration>? {
        guard let index = index(of: token), let registration = places[index].registration else { return nil }
        return Unmanaged.passUnretained(registration)
    }

    private func index(of token: UInt64) -> Int? {
        let index = Int(UInt32(truncatingIfNeeded: token))
        return index < places.count && places[index].generation == UInt32(token >> 32) ? index : nil
    }

    /// All that are there.
    var all: [Registration] { places.compactMap(\.registration) }
}
