import CFastDaemonPlugin
import Testing

/// Sizes and offsets of version 1.0 on machines with 64-bit pointers. They are the promise: a plugin that was compiled
/// with this header finds its members there for ever, so no number here changes, and new ones only come at the end.
@Suite(
    "The structs of the header lie as version 1.0 promises",
    .enabled(if: MemoryLayout<Int>.size == 8, "64-bit pointers"))
struct LayoutTests {
    @Test("fastdaemon_bytes")
    func bytes() {
        #expect(MemoryLayout<fastdaemon_bytes>.size == 16)
        expectOffsets(of: fastdaemon_bytes.self, (\.data, 0), (\.count, 8))
    }

    @Test("fastdaemon_command")
    func command() {
        #expect(MemoryLayout<fastdaemon_command>.size == 56)
        expectOffsets(
            of: fastdaemon_command.self, (\.size, 0), (\.name, 8), (\.summary, 16), (\.usage, 24), (\.execution, 32),
            (\.input, 36), (\.run, 40), (\.context, 48))
    }

    @Test("fastdaemon_plugin")
    func plugin() {
        #expect(MemoryLayout<fastdaemon_plugin>.size == 72)
        expectOffsets(
            of: fastdaemon_plugin.self, (\.abi_version, 0), (\.concurrency, 4), (\.size, 8), (\.name, 16),
            (\.version, 24),
            (\.create, 32), (\.commands, 40), (\.destroy, 48), (\.self_test, 56), (\.extension, 64))
    }

    @Test("fastdaemon_facts")
    func facts() {
        #expect(MemoryLayout<fastdaemon_facts>.size == 56)
        expectOffsets(
            of: fastdaemon_facts.self, (\.size, 0), (\.id, 8), (\.deadline, 16), (\.transport, 24), (\.user, 28),
            (\.group, 32),
            (\.process, 36), (\.peer, 40))
    }

    @Test("fastdaemon_terminal")
    func terminal() {
        // Three 32-bit members after the size: the last four bytes are padding.
        #expect(MemoryLayout<fastdaemon_terminal>.stride == 24)
        expectOffsets(
            of: fastdaemon_terminal.self, (\.size, 0), (\.is_terminal, 8), (\.columns, 12), (\.rows, 16))
    }

    @Test("fastdaemon_host")
    func host() {
        #expect(MemoryLayout<fastdaemon_host>.size == 168)
        expectOffsets(
            of: fastdaemon_host.self, (\.abi_version, 0), (\.reserved, 4), (\.size, 8), (\.arguments, 16),
            (\.facts, 24),
            (\.read, 32), (\.write, 40), (\.finish, 48), (\.cancelled, 56), (\.cancellation_descriptor, 64),
            (\.notify, 72),
            (\.last_signal, 80), (\.terminal, 88), (\.environment, 96), (\.working_directory, 104),
            (\.working_directory_descriptor, 112), (\.run_on_pool, 120), (\.instance, 128), (\.log, 136), (\.logs, 144),
            (\.set_error, 152), (\.extension, 160))
    }

    @Test("the numbers that cross the border")
    func numbers() {
        #expect(FASTDAEMON_ABI_VERSION == 0x0001_0000)
        #expect(FASTDAEMON_ABI_VERSION == FASTDAEMON_ABI_MAJOR << 16 | FASTDAEMON_ABI_MINOR)
        #expect(
            [
                FASTDAEMON_ERROR_AGAIN, FASTDAEMON_ERROR_CANCELLED, FASTDAEMON_ERROR_CLOSED, FASTDAEMON_ERROR_LIMIT,
                FASTDAEMON_ERROR_MISUSE,
            ] == [-1, -2, -3, -4, -5])
        #expect([FASTDAEMON_CONCURRENT, FASTDAEMON_INLINE, FASTDAEMON_PROCESS] == [0, 1, 2])
        #expect([FASTDAEMON_INPUT_WHOLE, FASTDAEMON_INPUT_AS_IT_COMES] == [0, 1])
        #expect(
            [
                FASTDAEMON_TRANSPORT_UNIX, FASTDAEMON_TRANSPORT_TCP, FASTDAEMON_TRANSPORT_UNIX_DATAGRAM,
                FASTDAEMON_TRANSPORT_UDP,
            ] == [1, 2, 3, 4])
        #expect([FASTDAEMON_STANDARD_INPUT, FASTDAEMON_STANDARD_OUTPUT, FASTDAEMON_STANDARD_ERROR] == [0, 1, 2])
        #expect(
            [
                FASTDAEMON_LOG_ERROR, FASTDAEMON_LOG_WARNING, FASTDAEMON_LOG_NOTICE, FASTDAEMON_LOG_INFO,
                FASTDAEMON_LOG_DEBUG,
            ]
                == [0, 1, 2, 3, 4])
        #expect(
            [
                FASTDAEMON_NOT_CANCELLED, FASTDAEMON_CANCELLED_BY_HANGUP, FASTDAEMON_CANCELLED_BY_SIGNAL,
                FASTDAEMON_CANCELLED_BY_TIME, FASTDAEMON_CANCELLED_BY_SHUTDOWN, FASTDAEMON_CANCELLED_BY_LIMIT,
            ] == [0, 1, 2, 3, 4, 5])
        #expect(
            [FASTDAEMON_EVENT_READABLE, FASTDAEMON_EVENT_WRITABLE, FASTDAEMON_EVENT_CANCELLED, FASTDAEMON_EVENT_SIGNAL]
                == [1, 2, 3, 4])
        #expect([FASTDAEMON_MAY_WAIT, FASTDAEMON_DO_NOT_WAIT] == [0, 1])
        #expect(FASTDAEMON_UNKNOWN == 0xFFFF_FFFF)
        #expect(FASTDAEMON_PLUGIN_ENTRY_NAME == "fastdaemon_plugin_entry")
    }

    private func expectOffsets<Struct>(
        of type: Struct.Type, _ members: (PartialKeyPath<Struct>, Int)...,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        for (member, offset) in members {
            #expect(MemoryLayout<Struct>.offset(of: member) == offset, "\(member)", sourceLocation: sourceLocation)
        }
    }
}
