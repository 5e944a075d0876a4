import Glibc

/// Lends texts as a C array that NULL ends: the words or the environment of a program that is to be started.
public func withCStrings<Result>(
    _ texts: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    let strings = texts.map { strdup($0) } + [nil]
    defer { for string in strings { free(string) } }
    return strings.withUnsafeBufferPointer { body($0.baseAddress!) }
}
