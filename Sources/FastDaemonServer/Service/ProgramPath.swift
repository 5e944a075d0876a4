import Glibc

/// Where the program stands that was started: by its name, not by what runs, so that a new one in its place is found.
enum ProgramPath {
    /// The absolute path of what was started as `word`; nil where nothing of that name can be run.
    ///
    /// To be called at the start: the working directory and `$PATH` may change.
    static func find(_ word: String, searchPath: String? = getenv("PATH").map { String(cString: $0) }) -> String? {
        if word.contains("/") { return absolutePath(word) }
        for folder in (searchPath ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":") {
            let path = absolutePath("\(folder)/\(word)")
            if access(path, X_OK) == 0 { return path }
        }
        return nil
    }
}
