import Glibc
import Synchronization

/// How many bytes all the buffers of the daemon may hold together.
final class ByteBudget: Sendable {
    private let limit: Atomic<Int>
    private let used = Atomic(0)

    init(limit: Int) {
        self.limit = Atomic(limit)
    }

    /// What is taken already stays taken.
    func setLimit(_ limit: Int) {
        self.limit.store(limit, ordering: .relaxed)
    }

    /// How much is taken, in bytes.
    var inUse: Int { used.load(ordering: .relaxed) }

    /// Whether more is taken than the limit allows.
    var isExceeded: Bool { inUse > limit.load(ordering: .relaxed) }

    /// Takes a share. Returns false, and takes nothing, where the limit is reached.
    func take(_ count: Int, regardless: Bool) -> Bool {
        if used.add(count, ordering: .relaxed).newValue <= limit.load(ordering: .relaxed) || regardless { return true }
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

    /// Where it begins when it is empty: how many bytes behind the beginning of a page, where that is known.
    ///
    /// Where a copy reads and writes at about the same places of two pages, processors take what is read for what was just written.
    /// The kernel's buffers begin with pages, and so would ours: 64 KiB took a tenth more CPU time to send than from here.
    private var lead = 0
    private static let pageLead = 256
    private static let pageSize = 4096

    /// Up to this size it costs no budget, and is kept when it is empty.
    private(set) var freeShare: Int

    /// What an ordinary buffer has free: counting every small one would cost more than it holds.
    static let smallShare = 16 * 1024

    /// - Parameter freeShare: how much of it costs no budget, in bytes, where it is not an ordinary one.
    init(budget: ByteBudget, freeShare: Int = ByteBuffer.smallShare) {
        self.budget = budget
        self.freeShare = freeShare
    }

    /// Makes it an ordinary buffer, all of which but a small share counts.
    func giveUpShare() {
        freeShare = Self.smallShare
        let charge = max(0, capacity - freeShare)
        if charge > charged { _ = budget.take(charge - charged, regardless: true) }
        charged = max(charged, charge)
    }

    deinit {
        free(storage)
        if charged > 0 { budget.giveBack(charged) }
    }

    var count: Int { end - start }
    var isEmpty: Bool { start == end }

    /// Whether it has so little room that it may be kept for another use.
    var isSmall: Bool { capacity <= 2048 }

    /// What it holds. Valid until the next change.
    var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: storage.map { $0 + start }, count: end - start)
    }

    /// Puts bytes at the end. Returns false, and takes none, where the budget is used up.
    @inline(__always)
    @discardableResult
    func append(_ bytes: UnsafeRawBufferPointer, regardless: Bool = false) -> Bool {
        if bytes.isEmpty { return true }
        guard reserve(bytes.count, regardless: regardless) else { return false }
        memcpy(storage! + end, bytes.baseAddress!, bytes.count)
        end += bytes.count
        return true
    }

    /// Puts a 4-byte big-endian count at the end, whatever the budget: without it a reply would not be one.
    @inline(__always)
    func append(count: Int) {
        _ = reserve(4, regardless: true)
        (storage! + end).storeBytes(of: UInt32(count).bigEndian, as: UInt32.self)
        end += 4
    }

    /// Puts a text of the daemon's own at the end with its count before it, whatever the budget: to say that memory is short
    /// must be possible when it is.
    func appendText(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            append(count: utf8.count)
            if utf8.isEmpty { return }
            _ = reserve(utf8.count, regardless: true)
            memcpy(storage! + end, utf8.baseAddress!, utf8.count)
            end += utf8.count
        }
    }

    /// Writes a 4-byte big-endian count over what stands `offset` bytes from the front.
    @inline(__always)
    func overwrite(count: Int, at offset: Int) {
        (storage! + start + offset).storeBytes(of: UInt32(count).bigEndian, as: UInt32.self)
    }

    /// Makes room for `count` more bytes at the end. Returns false where the budget is used up.
    @inline(__always)
    func reserve(_ count: Int, regardless: Bool = false) -> Bool {
        if end + count <= capacity { return true }
        return grow(by: count, regardless: regardless)
    }

    @inline(never)
    private func grow(by count: Int, regardless: Bool) -> Bool {
        if start > lead {
            memmove(storage! + lead, storage! + start, end - start)
            end -= start - lead
            start = lead
            if end + count <= capacity { return true }
        }
        let wanted = max(capacity * 2, end + count, 512)
        let charge = max(0, wanted - freeShare)
        if charge > charged, !budget.take(charge - charged, regardless: regardless) { return false }
        charged = max(charged, charge)
        if wanted > Self.smallShare, wanted <= freeShare, moveBehindPage(capacity: wanted) { return true }
        guard let grown = realloc(storage, wanted) else {
            precondition(!regardless, "out of memory")
            return false
        }
        storage = grown
        capacity = wanted
        return true
    }

    /// Grows as a buffer does that is kept for long: what is in it begins at its lead. Returns false where there is no memory.
    private func moveBehindPage(capacity: Int) -> Bool {
        var grown: UnsafeMutableRawPointer?
        guard posix_memalign(&grown, Self.pageSize, capacity + Self.pageLead) == 0, let grown else { return false }
        let count = count
        if let storage { memcpy(grown + Self.pageLead, storage + start, count) }
        free(storage)
        lead = Self.pageLead
        (start, end) = (lead, lead + count)
        storage = grown
        self.capacity = capacity + Self.pageLead
        return true
    }

    /// Lends the room at the end, `count` bytes of which were reserved, to be filled; `body` returns how many it filled.
    func appendInPlace(upTo count: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int) {
        end += body(UnsafeMutableRawBufferPointer(start: storage! + end, count: min(count, capacity - end)))
    }

    /// Drops bytes from the front.
    func removeFirst(_ count: Int) {
        start += count
        if start == end { (start, end) = (lead, lead) }
    }

    /// Drops what stands behind the first `count` bytes.
    func truncate(to count: Int) {
        end = start + count
    }

    /// Drops everything, and the memory if it was much.
    func removeAll() {
        (start, end) = (lead, lead)
        guard charged > 0 else { return }
        free(storage)
        storage = nil
        lead = 0
        (start, end, capacity) = (0, 0, 0)
        budget.giveBack(charged)
        charged = 0
    }
}
