import Synchronization

/// Hands the lines of the access log to those who follow it. Where nobody does, a call costs one reading of a number.
final class AccessFeed: Sendable {
    private let readers = Mutex<[AccessReader]>([])
    private let readerCount = Atomic(0)

    /// How many may follow it at once: each of them costs every call a line, and memory.
    static let mostReaders = 16
    private let places = Atomic(0)

    /// The right to follow it, until it is left, or nobody holds it any more.
    final class Place: Sendable {
        fileprivate let feed: AccessFeed
        private let isTaken = Atomic(true)

        fileprivate init(of feed: AccessFeed) {
            self.feed = feed
        }

        fileprivate func leave() {
            if isTaken.exchange(false, ordering: .relaxed) { feed.places.subtract(1, ordering: .relaxed) }
        }

        deinit { leave() }
    }

    /// Nil where all places are taken.
    func takePlace() -> Place? {
        guard places.add(1, ordering: .relaxed).newValue <= Self.mostReaders else {
            places.subtract(1, ordering: .relaxed)
            return nil
        }
        return Place(of: self)
    }

    var hasReaders: Bool { readerCount.load(ordering: .relaxed) > 0 }

    /// Gives a line to everybody. From any thread; waits for nobody.
    func offer(_ line: Log.Line) {
        guard hasReaders else { return }
        for reader in readers.withLock({ $0 }) { reader.offer(line) }
    }

    /// Writes each line from now on, until nobody wants more.
    ///
    /// - Returns: the exit status.
    static func stream(to output: BuiltInOutput, at place: Place, isJSON: Bool) async -> Int32 {
        let reader = AccessReader(isJSON: isJSON) { output.ring() }
        place.feed.add(reader)
        defer {
            place.feed.remove(reader)
            place.leave()
        }
        while output.isWanted {
            if let bytes = reader.take() { await output.write(bytes) } else { await output.wait() }
        }
        return output.endStatus
    }

    private func add(_ reader: AccessReader) {
        readers.withLock { readers in
            readers.append(reader)
            readerCount.store(readers.count, ordering: .relaxed)
        }
    }

    private func remove(_ reader: AccessReader) {
        readers.withLock { readers in
            readers.removeAll { $0 === reader }
            readerCount.store(readers.count, ordering: .relaxed)
        }
    }
}

/// One who follows the access log.
private final class AccessReader: Sendable {
    private let lines: Mutex<LineQueue>
    private let isJSON: Bool
    private let ring: @Sendable () -> Void

    /// - Parameter ring: called when there is something where nothing was.
    init(isJSON: Bool, ring: @escaping @Sendable () -> Void) {
        self.isJSON = isJSON
        self.ring = ring
        lines = Mutex(LineQueue(isJSON: isJSON))
    }

    func offer(_ line: Log.Line) {
        let text = isJSON ? line.json : line.plain
        let wasEmpty = lines.withLock { $0.offer(text) }
        if wasEmpty { ring() }
    }

    func take() -> [UInt8]? { lines.withLock { $0.take() } }
}

/// Lines that wait for a reader, as many as there is room for; the others are counted. Pure.
struct LineQueue {
    /// How many bytes may wait.
    static let room = 256 * 1024

    private let isJSON: Bool
    private var bytes: [UInt8] = []
    private var lost = 0

    init(isJSON: Bool) {
        self.isJSON = isJSON
    }

    /// Takes a line with its line break, or counts it as lost: once one was, all are until the next `take`, which so knows
    /// where they are missing.
    ///
    /// - Returns: whether nothing waited before.
    mutating func offer(_ line: String) -> Bool {
        let wasEmpty = bytes.isEmpty && lost == 0
        if lost > 0 || bytes.count + line.utf8.count > Self.room {
            lost += 1
        } else {
            bytes.append(contentsOf: line.utf8)
        }
        return wasEmpty
    }

    /// All that waits, with a line for those that were lost behind it; nil where nothing does.
    mutating func take() -> [UInt8]? {
        if bytes.isEmpty, lost == 0 { return nil }
        var taken: [UInt8] = []
        swap(&taken, &bytes)
        if lost > 0 {
            let what = lost == 1 ? "1 line was lost" : "\(lost) lines were lost"
            let notice = isJSON ? "{\"lost\":\(lost)}\n" : "(\(what): this reader is slower than the calls)\n"
            taken.append(contentsOf: notice.utf8)
            lost = 0
        }
        return taken
    }
}
