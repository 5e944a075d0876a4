import FastDaemonProtocol

// What holds for any input at all. The generated tests and the fuzzers under Tests/Fuzz share these checks; each gives
// what was broken, or nil.

/// Checks that every split of `bytes` gives the same records, that those encode to the bytes they came from, and that a
/// datagram of the same bytes is judged the same way.
func brokenRecordInvariant(of bytes: [UInt8], limit: Int, pieceSizes: [Int]) -> String? {
    let whole = Decoded(bytes, limit: limit)
    for size in pieceSizes {
        let pieces = stride(from: 0, to: bytes.count, by: size).map { bytes[$0...].prefix(size) }
        if Decoded(pieces, limit: limit) != whole { return "pieces of \(size) bytes give something else" }
    }

    guard let encoded = try? encode(whole.records) else { return "what was decoded cannot be encoded" }
    if !bytes.starts(with: encoded) { return "the records encode to other bytes than they came from" }
    if whole.error == nil, encoded != bytes { return "bytes were dropped without an error" }
    for record in whole.records {
        if record.first.count + record.second.count > limit { return "a record is over the limit" }
        for string in [record.first, record.second] where String(validating: string, as: UTF8.self) == nil {
            return "a string is not UTF-8"
        }
    }
    return brokenDatagramInvariant(of: bytes, limit: limit, stream: whole)
}

private func brokenDatagramInvariant(of bytes: [UInt8], limit: Int, stream: Decoded) -> String? {
    do throws(RecordError) {
        let bounds = try scanDatagram(bytes, limit: limit)
        let record = Record(first: Array(bytes[bounds.first]), second: Array(bytes[bounds.second]))
        if stream != Decoded(records: [record]) { return "a datagram is a record where a stream is not" }
    } catch .trailingBytes(let count) {
        guard let first = stream.records.first, let encoded = try? encode(first) else { return "there is no record" }
        if encoded.count + count != bytes.count { return "the bytes after the record are counted wrong" }
    } catch {
        let isEmpty = bytes.isEmpty && error == .endedEarly(.first, missing: 8)
        if !isEmpty, !stream.records.isEmpty || stream.error != error { return "a datagram has an error of its own" }
    }
    return nil
}

/// Checks that `line` splits as a splitter of one byte at a time splits it, and that the words come back from the line
/// that they are joined to.
func brokenCommandLineInvariant(of line: [UInt8]) -> String? {
    let result = Result { () throws(CommandLineError) in try split(line) }
    let reference = Result { () throws(CommandLineError) in try splitByteByByte(line) }
    if result != reference { return "\(result) and not \(reference)" }
    if case .success(let words) = result {
        if (try? split(Quoting.join(words))) != words { return "the words do not come back" }
    }
    let isQuoted = line.contains { [0, UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "\\")].contains($0) }
    let plain = splitPlain(line)
    if (plain == nil) != isQuoted { return "it is taken for \(plain == nil ? "quoted" : "plain")" }
    // A line without words is an error for the one, and no words for the other.
    if let plain, plain != (try? result.get()) ?? [] { return "plainly it is \(plain)" }

    var words = Words()
    let spaced = line.map { $0 == 0 ? 1 : $0 }
    let pieces = spaced.isEmpty ? [] : spaced.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
    if (try? words.splitAtSpaces(spaced.span.bytes)) == nil || words.arrays != pieces.map(Array.init) {
        return "split at spaces it is something else"
    }
    if words.bytes != Array(pieces.map { Array($0) + [0] }.joined()) { return "words do not end in NULs" }

    let anyWords = line.split(separator: 0, omittingEmptySubsequences: false).map(Array.init)
    if (try? split(Quoting.join(anyWords))) != anyWords { return "words of any bytes do not come back" }
    return nil
}

/// The words of a plain line, which have to end in NULs, and to stay within their room; nil where it is not plain.
func splitPlain(_ line: [UInt8]) -> [[UInt8]]? {
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: line.count + 2, alignment: 1)
    defer { room.deallocate() }
    room.initializeMemory(as: UInt8.self, repeating: 0xEE)
    var words: [[UInt8]] = []
    let isPlain = Words.splitPlain(line.span.bytes, into: room) { range in
        words.append(Array(room[range]) + (room[range.upperBound] == 0 ? [] : [0xEE]))
    }
    if room[line.count + 1] != 0xEE { words.append([0xEE]) }
    return isPlain ? words : nil
}

/// The quoting rules once more, as plainly as they can be written down.
private func splitByteByByte(_ line: [UInt8]) throws(CommandLineError) -> [[UInt8]] {
    if let offset = line.firstIndex(of: 0) { throw .containsNUL(at: offset) }
    var words: [[UInt8]] = []
    var word: [UInt8]?
    var quote: Int?
    var offset = 0
    while offset < line.count {
        let character = Character(Unicode.Scalar(line[offset]))
        let next = offset + 1 < line.count ? Character(Unicode.Scalar(line[offset + 1])) : nil
        let open = quote.map { Character(Unicode.Scalar(line[$0])) }
        switch (open, character) {
        case ("'", "'"), ("\"", "\""):
            quote = nil
        case (nil, "'"), (nil, "\""):
            quote = offset
            word = word ?? []
        case (nil, "\\") where next == nil:
            throw .trailingBackslash
        case (nil, "\\") where next == "\n", ("\"", "\\") where next == "\n":
            offset += 1
        case (nil, "\\"),
            ("\"", "\\") where next.map { "$`\"\\".contains($0) } ?? false:
            offset += 1
            word = (word ?? []) + [line[offset]]
        case (nil, " "), (nil, "\t"), (nil, "\n"):
            if let word { words.append(word) }
            word = nil
        default:
            word = (word ?? []) + [line[offset]]
        }
        offset += 1
    }
    if let quote { throw .unclosedQuote(at: quote, quote: line[quote]) }
    if let word { words.append(word) }
    if words.isEmpty { throw .empty }
    return words
}
