/// Memory to receive into, freed with its value.
struct ReceiveBuffer: ~Copyable {
    private(set) var memory: UnsafeMutableRawBufferPointer

    /// Room for 64 KiB, unless another count is given.
    init(byteCount: Int = 64 << 10) {
        memory = .allocate(byteCount: byteCount, alignment: 1)
    }

    deinit {
        memory.deallocate()
    }

    /// Makes room for `byteCount` bytes. What the buffer held is lost.
    mutating func reserve(_ byteCount: Int) {
        if byteCount > memory.count {
            memory.deallocate()
            memory = .allocate(byteCount: byteCount, alignment: 1)
        }
    }
}
