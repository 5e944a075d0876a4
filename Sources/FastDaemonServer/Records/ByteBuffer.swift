import Glibc
import Synchronization

/// How many bytes all the buffers of the daemon may hold together.
final class ByteBudget: Sendable {
    private let limit: Int
    private let used = Atomic(0)

    init(limit: Int) {
        self.limit = limit
    }

    /// How much is taken, in bytes.
    var inUse: Int { used.load(ordering: .relaxed) }

    func take(_ count: Int) -> Bool {
        if used.add(count, ordering: .relaxed).newValue <= limit { return true }
        used.subtract(count, ordering: .relaxed)
        return false
    }

    func giveBack(_ count: Int) {
        used.subtract(count, ordering: .relaxed)
    }
}

/// Bytes that are appended at the end and taken from the front. What it holds beyond a small share of its own counts against
/// the daemon's budget.
///
/// `@unchecked Sendable`: it is handed from one owner to the next, and never used by two at once.
final class ByteBuffer: @unchecked Sendable {
    private var storage: UnsafeMutableRawPointer?
    private var capacity = 0
    private var start = 0
    private var end = 0
    private let budget: ByteBudget
    private var charged = 0

    /// Up to this size a buffer costs no budget: counting every small one would cost more than it holds.
    private static let freeShare = 16 * 1024

    init(budget: ByteBudget) {
        self.budget = budget
    }

    deinit {
        free(storage)
        if charged > 0 { budget.giveBack(charged) }
    }

    var count: Int { end - start }
    var isEmpty: Bool { start == end }

    /// What it holds. Valid until the next change.
    var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: storage.map { $0 + start }, count: end - start)
    }

    /// Puts bytes at the end. Returns false, and takes none, where the budget is used up.
    @discardableResult
    func append(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if bytes.isEmpty { return true }
        guard reserve(bytes.count) else { return false }
        memcpy(storage! + end, bytes.baseAddress!, bytes.count)
        end += bytes.count
        return true
    }

    @discardableResult
    func append(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    /// Puts a 4-byte big-endian count at the end.
    @discardableResult
    func append(count: Int) -> Bool {
        withUnsafeBytes(of: UInt32(count).bigEndian) { append($0) }
    }

    /// Writes a 4-byte big-endian count over what stands `offset` bytes from the front.
    func overwrite(count: Int, at offset: Int) {
        (storage! + start + offset).storeBytes(of: UInt32(count).bigEndian, as: UInt32.self)
    }

    /// Makes room for `count` more bytes at the end. Returns false where the budget is used up.
    func reserve(_ count: Int) -> Bool {
        if end + count <= capacity { return true }
        if start > 0 {
            memmove(storage!, storage! + start, end - start)
            end -= start
            start = 0
            if end + count <= capacity { return true }
        }
        let wanted = max(capacity * 2, end + count, 512)
        let charge = max(0, wanted - Self.freeShare)
        if charge > charged, !budget.take(charge - charged) { return false }
        charged = max(charged, charge)
        guard let grown = realloc(storage, wanted) else { return false }
        storage = grown
        capacity = wanted
        return true
    }

    /// Lends the room at the end, `count` bytes of which were reserved, to be filled; `body` returns how many it filled.
    func appendInPlace(upTo count: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int) {
        end += body(UnsafeMutableRawBufferPointer(start: storage! + end, count: min(count, capacity - end)))
    }

    /// Drops bytes from the front.
    func removeFirst(_ count: Int) {
        start += count
        if start == end { (start, end) = (0, 0) }
    }

    /// Drops what stands behind the first `count` bytes.
    func truncate(to count: Int) {
        end = start + count
    }

    /// Drops everything, and the memory if it was much.
    func removeAll() {
        (start, end) = (0, 0)
        guard charged > 0 else { return }
        free(storage)
        storage = nil
        capacity = 0
        budget.giveBack(charged)
        charged = 0
    }
}
