#compdef gofer
# Completion of gofer for zsh. In ~/.zshrc: source <(gofer completion zsh)
_gofer() {
    local word about
    local -a found
    while IFS=$'\t' read -r word about; do
        if [[ $word == :files ]]; then
            _files
            return
        fi
        found+=("${word//:/\\:}${about:+:$about}")
    done < <("${(Q)words[1]/#\~/$HOME}" complete -- "${(@Q)words[2,CURRENT]}" 2>/dev/null)
    (( $#found )) && _describe -V gofer found
}
if [[ ${funcstack[1]} == _gofer ]]; then
    _gofer "$@"
else
    (( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
    compdef _gofer gofer
fi
