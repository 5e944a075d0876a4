import Glibc

/// What decides where a path leads: each symbolic link on its way, and its end. Who swaps one of them changes what the path stands
/// for, though nothing changes in the folder that it led to.
enum PathSteps {
    /// As many links as the kernel follows.
    private static let mostLinks = 40

    /// Names, and the folders that they are in.
    ///
    /// - Parameter path: absolute.
    static func of(_ path: String) -> [(folder: String, name: String)] {
        var steps: [(folder: String, name: String)] = []
        var folders: [String] = []
        var rest = Array(names(in: path).reversed())
        var links = 0
        while let name = rest.popLast() {
            if name == ".." {
                _ = folders.popLast()
                continue
            }
            let folder = "/" + folders.joined(separator: "/")
            let target = target(ofLink: (folder == "/" ? "" : folder) + "/" + name)
            if target != nil || rest.isEmpty { steps.append((folder, name)) }
            guard let target else {
                folders.append(name)
                continue
            }
            links += 1
            if links > mostLinks { break }
            if target.hasPrefix("/") { folders = [] }
            rest += names(in: target).reversed()
        }
        return steps
    }

    private static func names(in path: String) -> [String] {
        path.split(separator: "/").filter { $0 != "." }.map(String.init)
    }

    private static func target(ofLink path: String) -> String? {
        var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = bytes.withUnsafeMutableBytes { room in
            readlink(path, room.baseAddress!.assumingMemoryBound(to: CChar.self), room.count)
        }
        return count < 0 ? nil : String(decoding: bytes.prefix(count), as: UTF8.self)
    }
}
