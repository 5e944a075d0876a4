import FastDaemonProtocol
import Testing

@Suite("What the sides of a session allow each other")
struct SessionCreditTests {
    @Test("Credit is the window and each CREDIT, less what was sent")
    func credit() throws {
        var credit = SessionCredit(window: 10)
        credit.use(10)
        #expect(credit.available == 0)
        credit.use(0)
        try credit.add(3)
        credit.use(1)
        #expect(credit.available == 2)
        #expect(SessionCredit().available == 0)
    }

    @Test("Unused credit ends at 2,147,483,647 bytes")
    func mostCredit() throws {
        var credit = SessionCredit(window: 0x7FFF_FFFE)
        try credit.add(1)
        #expect(throws: SessionError.tooMuchCredit) { try credit.add(1) }
        #expect(credit.available == 0x7FFF_FFFF)
        credit.use(5)
        #expect(throws: SessionError.tooMuchCredit) { try credit.add(6) }
        try credit.add(5)
        var other = SessionCredit()
        #expect(throws: SessionError.tooMuchCredit) { try other.add(Int(UInt32.max)) }
    }

    @Test("A client owes an INPUT for each that was asked for, at most 1,024")
    func pulls() throws {
        var pulls = SessionPulls()
        #expect(pulls.owed == 0)
        try pulls.add(1024)
        #expect(throws: SessionError.tooManyPulls) { try pulls.add(1) }
        pulls.answer(byteCount: 1)
        #expect(throws: SessionError.tooManyPulls) { try pulls.add(2) }
        try pulls.add(1)
        #expect(pulls.owed == 1024)
    }

    @Test("After the end of input nothing is owed, whatever is asked for")
    func lapsed() throws {
        var pulls = SessionPulls()
        try pulls.add(3)
        pulls.answer(byteCount: 0)
        #expect(pulls.owed == 0)
        try pulls.add(1024)
        try pulls.add(1024)
        #expect(pulls.owed == 0)
    }

    @Test("A decoder counts output in bytes, over both streams, as a header announces it")
    func outputAllowance() {
        var reader = SessionReader(from: .server, allowance: 5)
        reader.append(SessionBytes.hello() + SessionBytes.frame(.output, count: 3))
        #expect(reader.decoder.allowance == 2)
        reader.append([1, 2, 3])
        reader.append(SessionBytes.frame(.errors, [4, 5]))
        #expect(reader.decoder.allowance == 0)
        reader.decoder.allow(2)
        reader.append(SessionBytes.frame(.errors, count: 4))
        #expect(reader.log.error == .beyondCredit(2))
        #expect(reader.log.items.filter(\.isData).flatMap(\.bytes) == [1, 2, 3, 4, 5])
    }

    @Test("A decoder counts input in frames, however long they are, and the end is one of them")
    func inputAllowance() {
        var reader = SessionReader(from: .client, allowance: 2)
        reader.append(SessionBytes.request + SessionBytes.frame(.input, Array(repeating: 7, count: 65_536)))
        #expect(reader.decoder.allowance == 1)
        reader.append(SessionBytes.frame(.input, [8]))
        reader.append(SessionBytes.frame(.input))
        #expect(reader.log.error == .notPulled)
        #expect(reader.log.items.last?.bytes.count == 65_537)
    }

    @Test("The end of input ends what was allowed, and what is allowed after it")
    func endOfInput() {
        var reader = SessionReader(from: .client, allowance: 5)
        reader.append(SessionBytes.request + SessionBytes.frame(.input))
        #expect(reader.decoder.allowance == 0)
        reader.decoder.allow(1)
        reader.append(SessionBytes.frame(.signal, [2, 0, 0, 0, 0]))
        #expect(reader.log.error == nil)
        reader.append(SessionBytes.frame(.input))
        #expect(reader.log.error == .outOfPlace(.input, .afterEndOfInput))
    }

    @Test("Pieces of data come as they arrive, and no later")
    func pieces() {
        var reader = SessionReader(from: .server, allowance: 100)
        reader.append(SessionBytes.hello())
        #expect(reader.append(SessionBytes.frame(.output, count: 5)) == [])
        #expect(reader.decoder.missing == 5)
        #expect(reader.append([1]) == [SessionItem(.output(0..<0), [1])])
        #expect(reader.append([2, 3]) == [SessionItem(.output(0..<0), [2, 3])])
        #expect(reader.decoder.missing == 2)
        let rest = reader.append([4, 5] + SessionBytes.frame(.errors, [6]) + [0x21, 0])
        #expect(rest == [SessionItem(.output(0..<0), [4, 5]), SessionItem(.errors(0..<0), [6])])
        #expect(reader.decoder.missing == 2)
    }

    @Test("Nothing is looked at after END")
    func afterEnd() {
        var reader = SessionReader(from: .server)
        reader.append(SessionBytes.hello() + SessionBytes.frame(.end, Array(repeating: 0, count: 10)) + [0, 1, 2])
        reader.append([3, 4, 5, 6])
        #expect(reader.decoder.hasEnded)
        #expect(reader.log.items.count == 2)
        #expect(reader.log.error == nil)
        #expect(reader.broken == nil)
    }
}
