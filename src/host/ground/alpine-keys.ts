// Keys that Alpine signs its packages with, as its package alpine-keys has them, by the architectures they sign for.
// They are public facts; which file of a mirror to believe hangs on them alone.

/** Public keys in PEM, by the file name that a signature calls its key. */
export type KeyRing = Readonly<Record<string, string>>

interface AlpineKey {
  /** Alpine's names of the architectures. */
  readonly signs: readonly string[]
  /** SubjectPublicKeyInfo, in base64. */
  readonly key: string
}

const OWNER = 'alpine-devel@lists.alpinelinux.org'

// the number is the time at which a key was made, in hexadecimal seconds
const KEYS: Readonly<Record<string, AlpineKey>> = {
  '4a6a0840': {
    signs: ['x86', 'x86_64'],
    key: `
      MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA1yHJxQgsHQREclQu4OheqxTxd1tHcNnvnQTu/UrTky8wWvgXT+jpvero
      eWWnzmsYlDI93eLI2ORakxb3gA2OQ0Ry4ws8vhaxLQGC74uQR5+/yYrLuTKydFzuPaS1dK19qJPXB8GMdmFOijnXX4SAjixuHLe1
      WW7kZVtjL7nufvpXkWBGjsfrvskdNA/5MfxAeBbqPgaq0QMEfxMAn6/RL5kNepi/Vr4S39Xvf2DzWkTLEK8pcnjNkt9/aafhWqFV
      W7m3HCAII6h/qlQNQKSoGuH34Q8GsFG30izUENV9avY7hSLq7nggsvknlNBZtFUcmGoQrtx3FmyYsIC8/R+BywIDAQAB
    `,
  },
  '5243ef4b': {
    signs: ['x86'],
    key: `
      MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAvNijDxJ8kloskKQpJdx+mTMVFFUGDoDCbulnhZMJoKNkSuZOzBoFC94o
      mYPtxnIcBdWBGnrm6ncbKRlR+6oyDO0W7c44uHKCFGFqBhDasdI4RCYP+fcIX/lyMh6MLbOxqS22TwSLhCVjTyJeeH7KaA7vqk+Q
      SsF4TGbYzQDDpg7+6aAcNzg6InNePaywA6hbT0JXbxnDWsB+2/LLSF2GmnhJlJrWB1WGjkz23ONIWk85W4S0XB/ewDefd4Ly/zyI
      ciastA7Zqnh7p3Ody6Q0sS2MJzo7p3os1smGjUF158s6m/JbVh4DN6YIsxwl2OjDOz9R0OycfJSDaBVIGZzgcQIDAQAB
    `,
  },
  '524d27bb': {
    signs: ['armhf', 'armv7'],
    key: `
      MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAr8s1q88XpuJWLCZALdKjlN8wg2ePB2T9aIcaxryYE/Jkmtu+ZQ5zKq6B
      T3y/udt5jAsMrhHTwroOjIsF9DeGe8Y3vjz+Hh4L8a7hZDaw8jy3CPag47L7nsZFwQOIo2Cl1SnzUc6/owoyjRU7ab0piWG5HK8I
      fiybRbZxnEbNAfT4R53hyI6z5FhyXGS2Ld8zCoU/R4E1P0CUuXKEN4p064dyeUoOLXEWHjgKiU1mElIQj3k/IF02W89gDj285Ygw
      qA49deLUM7QOd53QLnx+xrIrPv3A+eyXMFgexNwCKQU9ZdmWa00MjjHlegSGK8Y2NPnRoXhzqSP9T9i2HiXLVQIDAQAB
    `,
  },
  '5261cecb': {
    signs: ['x86_64'],
    key: `
      MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAwlzMkl7b5PBdfMzGdCT0cGloRr5xGgVmsdq5EtJvFkFAiN8Ac9MCFy/v
      AFmS8/7ZaGOXoCDWbYVLTLOO2qtXyHRl+7fJVh2N6qrDDFPmdgCi8NaE+3rITWXGrrQ1spJ0B6HIzTDNEjRKnD4xyg4jg01FMcJT
      U6E+V2JBY45CKN9dWr1JDM/nei/Pf0byBJlMp/mSSfjodykmz4Oe13xBCa1WTwgFykKYthoLGYrmo+LKIGpMoeEbY1kuUe04UiDe
      47l6Oggwnl+8XD1MeRWYsWgj8sF4dTcSfCMavK4zHRFFQbGp/YFJ/Ww6U9lA3Vq0wyEI6MCMQnoSMFwrbgZwwwIDAQAB
    `,
  },
  '58199dcc': {
    signs: ['aarch64'],
    key: `
      MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA3v8/ye/V/t5xf4JiXLXahWFRozsnmn3hobON20GdmkrzKzO/eUqPOKTp
      g2GtvBhK30fu5oY5uN2ORiv2Y2hteLiZ9HVz3XP8Fm9frha60B7KNu66FO5P2o3i+E+DWTPqqPcCG6t4Znk2BypILcitwiPKTsgb
      BQR2qo/cO01eLLdt6oOzAaF94NH0656kvRewdo6HG4urbO46tCAizvCRCA7KGFMyad8WdKkTjxh8YLDLoOCtoZmXmQAiwfRe9pKX
      RH/XXGop8SYptLqyVVQ+tegOD9wRs2tOlgcLx4F/uMzHN7uoho6okBPiifRX+Pf38Vx+ozXh056tjmdZkCaVaQIDAQAB
    `,
  },
  '58cbb476': {
    signs: ['ppc64le'],
    key: `
      MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAoSPnuAGKtRIS5fEgYPXD8pSGvKAmIv3A08LBViDUe+YwhilSHbYXUEAc
      SH1KZvOo1WT1x2FNEPBEFEFU1Eyc+qGzbA03UFgBNvArurHQ5Z/GngGqE7IarSQFSoqewYRtFSfp+TL9CUNBvM0rT7vz2eMu3/wW
      G+CBmb92lkmyWwC1WSWFKO3x8w+Br2IFWvAZqHRt8oiG5QtYvcZL6jymY8T6sgdDlj+Y+wWaLHs9Fc+7vBuyK9C4O1ORdMPW15qV
      Sl4Lc2Wu1QVwRiKnmA+cDsH/m7kDNRHM7TjWnuj+nrBOKAHzYquiu5iB3Qmx+0gwnrSVf27Arc3ozUmmJbLjzQIDAQAB
    `,
  },
  '58e4f17d': {
    signs: ['s390x'],
    key: `
      MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAvBxJN9ErBgdRcPr5g4hVqyUSGZEKuvQliq2Z9SRHLh2J43+EdB6A+yzV
      vLnzcHVpBJ+BZ9RV30EM9guck9shr+bryZcRHyjG2wiIEoduxF2a8KeWeQH7QlpwGhuobo1+gA8L0AGImiA6UP3LOirlI0G2+iaK
      ZowME8/tydww4jx5vG132JCOScMjTalRsYZYJcjFbebQQolpqRaGB4iGWqhytWQGWuKiB1A22wjmIYf3t96l1Mp+FmM2URPxD1gk
      /BIBnX7ew+2gWppXOK9j1BJpo0/HaX5XoZ/uMqISAAtgHZAqq+g3IUPouxTphgYQRTRYpz2COw3NF43VYQrRbQIDAQAB
    `,
  },
  '60ac2099': {
    signs: ['riscv64'],
    key: `
      MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAwR4uJVtJOnOFGchnMW5Yj5/waBdG1u5BTMlH+iQMcV5+VgWhmpZHJCBz
      3ocD+0IGk2I68S5TDOHec/GSC0lv6R9o6F7h429GmgPgVKQsc8mPTPtbjJMuLLs4xKc+viCplXc0Nc0ZoHmCH4da6fCVtdpHQjVe
      6F9zjdquZ4RjV6R6JTiN9v924dGMAkbW/xXmamtz51FzondKC52Gh8Mo/oA0/T0KsCMCi7tb4QNQUYrf+Xcha9uus4ww1kWNZyfX
      JB87a2kORLiWMfs2IBBJTmZ2Fnk0JnHDb8Oknxd9PvJPT0mvyT8DA+KIAPqNvOjUXP4bnjEHJcoCP9S5HkGCIQIDAQAB
    `,
  },
  '6165ee59': {
    signs: ['x86_64'],
    key: `
      MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEAutQkua2CAig4VFSJ7v54ALyu/J1WB3oni7qwCZD3veURw7HxpNAj9hR+
      S5N/pNeZgubQvJWyaPuQDm7PTs1+tFGiYNfAsiibX6Rv0wci3M+z2XEVAeR9Vzg6v4qoofDyoTbovn2LztaNEjTkB+oKtlvpNhg1
      zhou0jDVYFniEXvzjckxswHVb8cT0OMTKHALyLPrPOJzVtM9C1ew2Nnc3848xLiApMu3NBk0JqfcS3Bo5Y2b1FRVBvdt+2gFoKZi
      x1MnZdAEZ8xQzL/a0YS5Hd0wj5+EEKHfOd3A75uPa/WQmA+o0cBFfrzm69QDcSJSwGpzWrD1ScH3AK8nWvojv7e9gukK/9yl1b4f
      QQ00vttwJPSgm9EnfPHLAtgXkRloI27H6/PuLoNvSAMQwuCDhQRlyGLPBETKkHeodfLoULjhDi1K2gKJTMhtbnUcAA7nEphkMhPW
      kBpgFdrH+5z4Lxy+3ek0cqcI7K68EtrffU8jtUj9LFTUC8dERaIBs7NgQ/LfDbDfGh9g6qVj1hZlk9aaIPTm/xsi8v3u+0qaq7Kz
      IBc9s59JOoA8TlpOaYdVgSQhHHLBaahOuAigH+VIisbC9vmqsThF2QdDtQt37keuqoda2E6sL7PUvIyVXDRfwX7uMDjlzTxHTymv
      q2CkhtBqojBnThmjJQFgZXocHG8CAwEAAQ==
    `,
  },
  '61666e3f': {
    signs: ['x86'],
    key: `
      MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEAlEyxkHggKCXC2Wf5Mzx4nZLFZvU2bgcA3exfNPO/g1YunKfQY+Jg4fr6
      tJUUTZ3XZUrhmLNWvpvSwDS19ZmCIXOu0+V94aNgnhMsk9rr59I8qcbsQGIBoHzuAl8NzZCgdbEXkiY90w1skUw8J57zqCsMBydA
      ueMXuWqF5nGtYbi5vHwK42PffpiZ7G5Kjwn8nYMW5IZdL6ZnMEVJUWC9I4waeKg0yskczYDmZUEAtrn3laX9677ToCpiKrvmZYjl
      Gl0BaGp3cxggP2xaDbUqqfFxWNgvUAb3pXD09JM6Mt6HSIJaFc9vQbrKB9KT515y763j5CC2KUsilszKi3mBHYe5PoebdjS7D1Oh
      +tRqfegU2IImzSwW3iwA7PJvefFuc/kNIijfS/gH/cAqAK6zbhdOtE/zc7TtqW2Wn5Y03jIZdtm12CxSxwgtCF1NPyEWyIxAQUX9
      ACb3M0FAZ61nfpPrvwTaIIxxZ01L3IzPLpbc44x/DhJIEU+iDt6IMTrHOphD9MCG4631eIdB0H1b6zbNX1CXTsafqHRFV9XmYYIe
      OMggmd90s3xIbEujA6HKNP/gwzO6CDJ+nHFDEqoFSkxRdTkEqjTjVKieURW7Swv7zpfu5PrsrrkyGnsRrBJJzXlm2FOOxnbI2iSL
      1B5FrO5kbUxFeZUIDq+7Yv4kLWcCAwEAAQ==
    `,
  },
  '616a9724': {
    signs: ['armhf'],
    key: `
      MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEAnC+bR4bHf/L6QdU4puhQgl1MHePszRC38bzvVFDUJsmCaMCL2suCs2A2
      yxAgGb9pu9AJYLAmxQC4mM3jNqhg/E7yuaBbek3O02zN/ctvflJ250wZCy+z0ZGIp1ak6pu1j14IwHokl9j36zNfGtfvADVOcdpW
      ITFFlPqwq1qt/H3UsKVmtiF3BNWWTeUEQwKvlU8ymxgS99yn0+4OPyNTL3EUeS+NQJtDS01unau0t7LnjUXn+XIneWny8bIYOQCu
      VR6s/gpIGuhBaUqwaJOw7jkJZYF2Ij7uPb4b5/R3vX2FfxxqEHqssFSg8FFUNTZz3qNZs0CRVyfA972g9WkJhPfn31pQYil4QGRi
      bCMIeU27YAEjXoqfJKEPh4UWMQsQLrEfdGfb8VgwrPbniGfUL3jKJR3VAafL9330iawzVQDlIlwGl6u77gEXMl9K0pfazunYhAp+
      BMP+9ot5ckK+osmrqj11qMESsAj083GeFdfV3pXEIwUytaB0AKEht9DbqUfiE/oeZ/LAXgySMtVCsbC4ESmgVeY2xSBIJdDyUap7
      FR49GGrw0W49NUv9gRgQtGGaNVQQO9oGL2PBC41PiWF9GLoX30HIz1P8PF/cZvicSSPkQf2Z6TV+t0ebdGNS5DjapdnCrq8m9Z0p
      yKsQuxAL2a7zX8l5i1CZh1ycUGsCAwEAAQ==
    `,
  },
  '616abc23': {
    signs: ['ppc64le'],
    key: `
      MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEA0MfCDrhODRCIxR9Dep1seXafh5CE5BrF4WbCgCsevyPIdvTeyIaW4vmO
      3bbG4VzhogDZju+R3IQYFuhoXP5vY+zYJGnwrgz3r5wYAvPnLEs1+dtDKYOgJXQj+wLJBW1mzRDL8FoRXOe5iRmn1EFSwZ1DoUvy
      u7/J5r0itKicZp3QKED6YoilXed+1vnS4Sk0mzN4smuMR9eO1mMCqNp99KTfRDHTbakIHwasECCXCp50uXdoW6ig/xUAFanpm9Lt
      K6jctNDbXDhQmgvAaLXZLvFqoaYJ/CvWkyYCgL6qxvMvVmPoRv7OPcyni4xR/WgWa0MSaEWjgPx3+yj9fiMA1S02pFWFDOr5OUF/
      O4YhFJvUCOtVsUPPfA/Lj6faL0h5QI9mQhy5Zb9TTaS9jB6pLw7u0dJlrjFedk8KTJdFCcaGYHP6kNPnOxMylcB/5WcztXZVQD5W
      pCicGNBxCGMmW64SgrV7M07gQfL/32QLsdqPUf0i8hoVD8wfQ3EpbQzv6Fk1Cn90bZqZafg8XWGYwddhkXk7egrr23Djv37V2okj
      zdqoyLBYBxMz63qQzFoAVv5VoY2NDTbXYUYytOvGGJ1afYDRVWrExCech1mX5ZVUB1br6WM+psFLJFoBFl6mDmiYt0vMYBddKISs
      vwLlIJQkzDwtXzT2cSjoj3T5QekCAwEAAQ==
    `,
  },
  '616ac3bc': {
    signs: ['s390x'],
    key: `
      MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEAvaaoSLab+IluixwKV5Od0gib2YurjPatGIbn5Ov2DLUFYiebj2oJINXJ
      SwUOO+4WcuHFEqiL/1rya+k5hLZthnPL1tn6QD4rESznvGSasRCQNT2vS/oyZbTYJRyAtFkEYLlq0t3S3xBxxHWuvIf0qVxVNYpQ
      WyM3N9RIeYBR/euXKJXileSHk/uq1I5wTC0XBIHWcthczGN0m9wBEiWS0m3cnPk4q0Ea8mUJ91Rqob19qETz6VbSPYYpZk3qOycj
      KosuwcuzoMpwU8KRiMFd5LHtX0Hx85ghGsWDVtS0c0+aJa4lOMGvJCAOvDfqvODv7gKlCXUpgumGpLdTmaZ81RwqspAe3IqBcdKT
      qRD4m2mSg23nVx2FAY3cjFvZQtfooT7q1ItRV5RgH6FhQSl7+6YIMJ1Bf8AAlLdRLpg+doOUGcEn+pkDiHFgI8ylH1LKyFKw+eXa
      Aml/7DaWZk1ddqggwhXOhc/UUZFQuQQ8A8zpA13PcbC05XxN2hyP93tCEtyynMLVPtrRwDnHxFKaqKzs3rMDXPSXRn3ZZTdKH306
      9ApkEjQdpcwUh+EmJ1Ve/5cdtzT6kKWCjKBFZP/s91MlRrX2BTRdHaU5QJkUheUtakwxuHrdah2F94lRmsnQlpPr2YseJu6sIE+D
      nx4MCfhdVbQL2w54R645nlnohu8CAwEAAQ==
    `,
  },
  '616adfeb': {
    signs: ['armv7'],
    key: `
      MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEAq0BFD1D4lIxQcsqEpQzUpNCYM3aP1V/fxxVdT4DWvSI53JHTwHQamKdM
      WtEXetWVbP5zSROniYKFXd/xrD9X0jiGHey3lEtylXRIPxe5s+wXoCmNLcJVnvTcDtwx/ne2NLHxp76lyc25At+6RgE6ADjLVuoD
      7M4IFDkAsd8UQ8zM0Dww9SylIk/wgV3ZkifecvgUQRagrNUdUjR56EBZraQrev4hhzOgwelT0kXCu3snbUuNY/lU53CoTzfBJ5Uf
      EJ5pMw1ij6X0r5S9IVsyKLWH1hiO0NzU2c8ViUYCly4Fe9xMTFc6u2dy/dxf6FwERfGzETQxqZvSfrRX+GLj/QZAXiPg5178hT/m
      0Y3z5IGenIC/80Z9NCi+byF1WuJlzKjDcF/TU72zk0+PNM/HKuppf3JT4DyjiVzNC5YoWJT2QRMS9KLP5iKCSThwVceEEg5HfhQB
      RT9M6KIcFLSsmFjx9kNEEmc1E8hl5IR3+3Ry8G5/bTIIruz14jgeY9u5jhL8Vyyvo41jgt9sLHR1/J1TxKfkgksYev7PoX6/ZzJ1
      ksWKZY5NFoDXTNYUgzFUTOoEaOg3BAQKadb3QbbqXIrxmPBdgrn9QI7NCgfnAY3Tb4EEjs3ON/BNyEhUENcXOH6I1NbcuBQ7g9P7
      3kE4VORdoc8MdJ5eoKBpO8Ww8HECAwEAAQ==
    `,
  },
  '616ae350': {
    signs: ['aarch64'],
    key: `
      MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEAyduVzi1mWm+lYo2Tqt/0XkCIWrDNP1QBMVPrE0/ZlU2bCGSoo2Z9FHQK
      z/mTyMRlhNqTfhJ5qU3U9XlyGOPJpiM+b91g26pnpXJ2Q2kOypSgOMOPA4cQ42PkHBEqhuzssfj9t7x47ppS94bboh46xLSDRff/
      NAbtwTpvhStV3URYkxFG++cKGGa5MPXBrxIp+iZf9GnuxVdST5PGiVGPODL/b69sPJQNbJHVquqUTOh5Ry8uuD2WZuXfKf7/C0jC
      /ie9m2+0CttNu9tMciGMEyKG1/Xhk5iIWO43m4SrrT2WkFlcZ1z2JSf9Pjm4C2+HovYpihwwdM/OdP8XmsnrDzVB4YvQiW+IHBjS
      tHVuyiZWc+JsgEPJzisNY0Wyc/kNyNtqVKpX6dRhMLanLmy+f53cCSI05KPQAcGj6tdL+D60uKDkt+FsDa0BTAobZ31OsFVid0vC
      XtsbplNhW1IFHwsGXBTVcfXg44RLyL8Lk/2dQxDHNHzAUslJXzPxaHBLmt++2COa2EI1iWlvtznkOk9WP8SOAIj+xdqoiHcC4j72
      BOVVgiITIJNHrbppZCq6qPR+fgXmXa+sDcGh30m69Wpbr28kLMSHiENCWTdsFij+NQTd5S47H7XTROHnalYDuF1RpS+DpQidT5tU
      imaTJZDr++FjKrnnijbyNF8b98UCAwEAAQ==
    `,
  },
  '616db30d': {
    signs: ['riscv64'],
    key: `
      MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEAnpUpyWDWjlUk3smlWeA0lIMW+oJ38t92CRLHH3IqRhyECBRW0d0aRGtq
      7TY8PmxjjvBZrxTNDpJT6KUk4LRma6A6IuAI7QnNK8SJqM0DLzlpygd7GJf8ZL9SoHSH+gFsYF67Cpooz/YDqWrlN7VwtO00s0B+
      eXy+PCXYU7VSfuWFGK8TGEv6HfGMALLjhqMManyvfp8hz3ubN1rK3c8CUS/ilRh1qckdbtPvoDPhSbTDmfU1g/EfRSIEXBrIMLg9
      ka/XB9PvWRrekrppnQzPhP9YE3x/wbFc5QqQWiRCYyQl/rgIMOXvIxhkfe8H5n1Et4VAorkpEAXdsfN8KSVvLSMazVlLp9GYq5SU
      pqYX3KnxdWBgN7BJoZ4sltsTpHQ/34SXWfu3UmyUveWj7wp0x9hwsPirVI00EEea9AbP7NM2rAyu6ukcm4m6ATd2DZJIViq2es6m
      60AE6SMCmrQFwmk4H/kdQgeAELVfGOm2VyJ3z69fQuywz7xu27S6zTKi05Qlnohxol4wVb6OB7qGLPRtK9ObgzRo/OPumyXqlzAi
      /Yvyd1ZQk8labZps3e16bQp8+pVPiumWioMFJDWVGZjCmyMSU8V6MB6njbgLHoyg2LCukCAeSjbPGGGYhnKLm1AKSoJh3IpZuqcK
      Ck5C8CM1S15HxV78s9dFntEqIokCAwEAAQ==
    `,
  },
}

/** The keys that an architecture's packages may be signed with. Pure. */
export function alpineKeys(...architectures: readonly string[]): KeyRing {
  const ring: Record<string, string> = {}
  for (const [name, { signs, key }] of Object.entries(KEYS)) {
    if (!signs.some((each) => architectures.includes(each))) continue
    const body = key.replace(/\s+/g, '').replace(/.{64}/g, '$&\n').trim()
    ring[`${OWNER}-${name}.rsa.pub`] = `-----BEGIN PUBLIC KEY-----\n${body}\n-----END PUBLIC KEY-----\n`
  }
  return ring
}
