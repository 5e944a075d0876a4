#if hasFeature(Embedded)
    import CClientStatic
#else
    import CClient
    import FastDaemonProtocol
#endif

/// Where the standard input of a session's command comes from. It is read only when the command asks for it.
public enum SessionInput: Sendable {
    /// It is at its end from the beginning.
    case none
    /// These bytes.
    case bytes([UInt8])
    /// What this descriptor gives; one that is closed is at its end.
    case descriptor(Int32)
}

/// An input, and how far it was read.
struct SessionInputReader {
    private let input: SessionInput
    private var offset = 0

    init(_ input: SessionInput) {
        self.input = input
    }

    /// What has to be waited for before a read; -1 is nothing.
    var descriptor: Int32 {
        if case .descriptor(let number) = input { number } else { -1 }
    }

    /// Reads once. Returns how many bytes that gave, 0 at the end, and `nil` where there are none yet.
    mutating func read(into memory: UnsafeMutableRawBufferPointer) throws(ClientError) -> Int? {
        switch input {
        case .none:
            return 0
        case .bytes(let bytes):
            let count = min(memory.count, bytes.count - offset)
            memory.copyBytes(from: bytes[offset..<offset + count])
            offset += count
            return count
        case .descriptor(let number):
            let got = cclient_read_once(number, memory.baseAddress!, memory.count)
            switch -got {
            case CCLIENT_EINTR, CCLIENT_EAGAIN: return nil
            case CCLIENT_EBADF: return 0
            case 1...: throw ClientError("cannot read standard input", failedWith: -got)
            default: return got
            }
        }
    }
}
